import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from dedup_assets.report.gallery import write_gallery
from dedup_assets.report.gallery_groups import GalleryGroup
from dedup_assets_tests.report.sample_gallery import (
    EVIL_NAME,
    kept,
    sample_apart,
    sample_groups,
    sample_look_alikes,
    sample_summary,
)


def gallery(groups: list[GalleryGroup], groups_per_page: int = 50) -> dict[str, bytes]:
    """The files of a gallery, by name."""
    files: dict[str, bytes] = {}
    assert write_gallery(files.__setitem__, sample_summary(), groups, [], [], groups_per_page) == list(files)
    return files


def many_groups(count: int) -> list[GalleryGroup]:
    """Groups of two equal thumbnails."""
    image = kept("coffee.png", "coffee.png")
    return [GalleryGroup(f"g{number:04d}", [image, replace(image, level="near")], 2, 9) for number in range(count)]


def test_groups_keep_their_order_over_as_many_pages_as_it_takes() -> None:
    files = gallery(many_groups(10), groups_per_page=4)
    assert [name for name in files if name.endswith(".html")] == ["groups-003.html", "groups-002.html", "index.html"]
    shown = [re.findall('g000[0-9](?=")', files[name].decode()) for name in ("index.html", "groups-002.html")]
    assert shown == [["g0000", "g0001", "g0002", "g0003"], ["g0004", "g0005", "g0006", "g0007"]]
    assert files["groups-003.html"].decode().count("<article") == 2


def test_the_index_is_written_last_so_that_it_never_names_what_is_not_there() -> None:
    assert list(gallery(sample_groups()))[-1] == "index.html"


def test_equal_thumbnails_are_written_once() -> None:
    assert sum(name.startswith("thumbnails/") for name in gallery(many_groups(30))) == 1


def test_a_large_group_counts_the_images_that_are_not_shown() -> None:
    (group,) = many_groups(1)
    assert "and 99,999 more" in gallery([replace(group, size=100_001)])["index.html"].decode()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery in a folder whose name needs care in an address."""
    folder = tmp_path_factory.mktemp("gallery") / "my report #1 100%"
    write_gallery(
        into(folder), sample_summary(), sample_groups(), sample_look_alikes(), sample_apart(), groups_per_page=2
    )
    return folder / "index.html"


def into(folder: Path) -> Callable[[str, bytes], None]:
    """Writes files of a gallery below a folder."""

    def put(name: str, content: bytes) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    return put


@pytest.fixture
def page(browser: Browser, index: Path) -> Iterator[Page]:
    """The open gallery; whatever it complains about or loads from elsewhere fails the test."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: None if request.url.startswith(("file://", "data:")) else complaints.append(request.url),
    )
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    page.goto(index.as_uri())
    yield page
    page.close()
    assert complaints == []


def visible_groups(page: Page) -> list[str]:
    """Ids of the groups that are to be seen."""
    groups = page.locator("#groups article")
    return [str(group.get_attribute("id")) for group in groups.all() if group.is_visible()]


def test_the_page_shows_the_numbers(page: Page) -> None:
    assert page.locator("h1").inner_text() == "312 of 1,284 images are duplicates"
    assert page.locator(".tiles dd").all_inner_texts() == ["1,284", "3", "312", "2.4 GB", "2"]
    assert visible_groups(page) == ["g-coffee", "g-astronaut"]


def test_every_thumbnail_is_there(page: Page) -> None:
    page.evaluate("document.querySelectorAll('img').forEach((image) => { image.loading = 'eager' })")
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    assert (
        page.evaluate("[...document.images].map((image) => image.naturalWidth > 0)")
        == [True] * page.locator("img").count()
    )
    assert page.locator("img").count() == 11


def test_every_thumbnail_is_shown_whole(page: Page) -> None:
    page.set_viewport_size({"width": 1800, "height": 1000})
    heights = "[...document.images].map((image) => [image.clientHeight, image.parentElement.clientHeight])"
    assert all(height <= frame for height, frame in page.evaluate(heights))


def test_groups_are_found_by_path_and_by_level(page: Page) -> None:
    page.get_by_label("Find in paths").fill("EILEEN-1024")
    assert visible_groups(page) == ["g-astronaut"]
    assert page.locator("#found").inner_text() == "1 of 2 groups on this page"
    page.get_by_label("Find in paths").fill("nowhere")
    assert page.get_by_text("No group on this page matches.").is_visible()
    page.get_by_label("Find in paths").fill("")
    for level in ("Same bytes", "Near-duplicate", "Edited copy"):
        page.locator("#filter").get_by_label(level).uncheck()
    assert visible_groups(page) == ["g-coffee"]


def test_a_copy_can_be_compared_with_the_kept_image_by_keyboard(page: Page) -> None:
    group = page.locator("#g-astronaut")
    kept_source, copy = group.locator(".kept img").get_attribute("src"), group.locator(".images .image").nth(2)
    own_source, button = copy.locator("img").get_attribute("src"), copy.get_by_role("button")
    button.press("Enter")
    assert copy.locator("img").get_attribute("src") == kept_source != own_source
    assert button.get_attribute("aria-pressed") == "true"
    button.press("Enter")
    assert copy.locator("img").get_attribute("src") == own_source


def test_the_keyboard_focus_is_seen(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_hostile_name_is_shown_on_the_second_page_and_does_nothing(page: Page) -> None:
    page.get_by_role("link", name="Next").first.click()
    assert page.locator("#g-chelsea .kept .path").inner_text().strip() == EVIL_NAME


def test_a_phone_needs_no_scrolling_to_the_side(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_it_works_without_scripts(browser: Browser, index: Path) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(index.as_uri())
    assert page.locator("#groups article").first.is_visible()
    assert not page.locator("#filter").is_visible()
    page.context.close()


def test_it_is_dark_where_the_reader_wants_it_dark(page: Page) -> None:
    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    page.emulate_media(color_scheme="light")
    light = background()
    page.emulate_media(color_scheme="dark")
    assert light == "rgb(246, 244, 238)"
    assert background() == "rgb(21, 23, 21)"
