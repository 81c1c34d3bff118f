from importlib.util import find_spec
from pathlib import Path

import pytest

from dedup_assets.embedders.open_clip import load_open_clip
from dedup_assets.embedders.protocol import EmbedderUnavailableError
from dedup_assets.embedders.settings import EmbedderSettings
from dedup_assets.embedders.timm import load_timm
from dedup_assets.embedders.torch_embedder import find_checkpoint, import_extra


def test_a_missing_extra_says_how_to_install_it() -> None:
    with pytest.raises(
        EmbedderUnavailableError, match=r"no_such_library is not installed \(pip install 'dedup-assets\["
    ):
        import_extra("no_such_library", "clip")


def test_the_revision_of_a_local_checkpoint_is_that_of_its_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one.pt", tmp_path / "other.pt"
    one.write_bytes(b"weights")
    other.write_bytes(b"other weights")
    revisions = [find_checkpoint(str(path), EmbedderSettings()) for path in (one, other, one)]
    assert revisions[0] == revisions[2] != revisions[1]


def test_nothing_is_downloaded_unless_that_is_allowed() -> None:
    with pytest.raises(EmbedderUnavailableError, match="no local file, and allow_download is not set"):
        find_checkpoint("laion2b_s34b_b79k", EmbedderSettings())
    assert find_checkpoint("laion2b_s34b_b79k", EmbedderSettings(allow_download=True)) == "laion2b_s34b_b79k"


@pytest.mark.skipif(find_spec("torch") is not None, reason="the extra [clip] is installed")
def test_models_are_unavailable_without_their_libraries(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"weights")
    settings = EmbedderSettings(
        open_clip_checkpoint=str(tmp_path / "weights.pt"), timm_checkpoint=str(tmp_path / "weights.pt")
    )
    for load, library in ((load_open_clip, "open_clip"), (load_timm, "timm")):
        with pytest.raises(EmbedderUnavailableError, match=f"{library} is not installed"):
            load(settings)
