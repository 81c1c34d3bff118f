"""Known turns and boxes map pixels where `transform_image` puts them."""

import numpy as np
import pytest

from dedup_assets.kernels.transforms import TRANSFORMS, transform_image
from dedup_assets.kernels.verify.exact.alignment import warp_picture
from dedup_assets.kernels.verify.maps import best_box_map, is_upright
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, seen

PHOTOGRAPH: Picture = np.array(load_photograph("coffee.png"))[:240, :200]


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_the_map_of_a_transform_moves_pixels_as_the_transform_does(transform: str) -> None:
    turned = transform_image(PHOTOGRAPH, transform)
    found = best_box_map(seen(PHOTOGRAPH), seen(turned), transform)
    assert found.correlation > 0.99
    assert np.array_equal(warp_picture(PHOTOGRAPH, found.matrix, (turned.shape[1], turned.shape[0])), turned)
    assert is_upright(found.matrix) == (transform == "identity")


def test_of_whole_picture_and_inner_box_the_better_one_is_chosen() -> None:
    framed = np.pad(PHOTOGRAPH, ((40, 40), (50, 50), (0, 0)))
    box = (50 / 300, 40 / 320, 200 / 300, 240 / 320)
    found = best_box_map(seen(PHOTOGRAPH), seen(framed, box), "identity")
    factor = 256 / 320
    assert np.abs(found.matrix @ [100, 120, 1] - [150 * factor, 160 * factor, 1]).max() < 0.6
    assert best_box_map(seen(framed, box), seen(framed, box), "identity").matrix == pytest.approx(np.eye(3))
