"""What lies around a contained picture: a plain frame, its own blurred enlargement, or more of the scene."""

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.verify.cascade import verify_pair
from dedup_assets.kernels.verify.evidence import UNKNOWN
from dedup_assets.kernels.verify.exact.surroundings import FRAME_SHARE, WIDE_FRAME_SHARE, frame_share
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, recompressed, seen


def photograph(name: str, width: int, height: int) -> Picture:
    return np.asarray(cv2.resize(np.array(load_photograph(name)), (width, height), interpolation=cv2.INTER_AREA))


def on_blurred_self(picture: Picture, width: int, height: int) -> Picture:
    """The picture on its own blurred enlargement, of at most 256 px, recompressed."""
    ground = cv2.GaussianBlur(cv2.resize(picture, (width, height)), (0, 0), 6)
    x, y = (width - picture.shape[1]) // 2, (height - picture.shape[0]) // 2
    ground[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return recompressed(np.asarray(ground, np.uint8), 80)


def outline(x: int, y: int, picture: Picture) -> np.ndarray:
    height, width = picture.shape[:2]
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float64)


@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "chelsea.png"])
def test_a_picture_on_its_blurred_self_is_framed_and_found(name: str) -> None:
    picture = photograph(name, 144, 100)
    story = on_blurred_self(picture, 144, 256)
    assert frame_share(story, outline(0, 78, picture)) == 1.0
    found = verify_pair(seen(story), seen(picture), UNKNOWN)
    assert (found.verdict, found.relation) == (True, "left_frames_right")


@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "chelsea.png"])
def test_more_of_the_scene_is_no_frame(name: str) -> None:
    picture = photograph(name, 256, 192)
    crop = np.ascontiguousarray(picture[40:150, 50:200])
    assert frame_share(picture, outline(50, 40, crop)) < FRAME_SHARE


def test_a_wide_photograph_on_an_upright_dark_screen_is_found() -> None:
    picture = photograph("coffee.png", 115, 65)
    screen = np.full((256, 115, 3), 18, np.uint8)
    screen[6:10, 8:24] = 230
    screen[90:155] = picture
    assert frame_share(screen, outline(0, 90, picture)) >= WIDE_FRAME_SHARE
    assert verify_pair(seen(screen), seen(photograph("coffee.png", 256, 144)), UNKNOWN).verdict


def test_one_of_four_panels_is_not() -> None:
    names = ("coffee.png", "astronaut.png", "chelsea.png", "rocket.jpg")
    panels = [photograph(name, 128, 96) for name in names]
    grid = np.vstack([np.hstack(panels[:2]), np.hstack(panels[2:])])
    assert not verify_pair(seen(grid), seen(photograph("coffee.png", 256, 192)), UNKNOWN).verdict
