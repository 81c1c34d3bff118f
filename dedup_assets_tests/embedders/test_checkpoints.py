from pathlib import Path

import pytest

from dedup_assets.embedders.checkpoints import (
    file_revision,
    folder_revision,
    hub_checkpoint,
    import_extra,
    loading,
    local_checkpoint,
)
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderUnavailableError


def test_a_missing_extra_says_how_to_install_it() -> None:
    with pytest.raises(
        EmbedderUnavailableError, match=r"no_such_library is not installed \(pip install 'dedup-assets\["
    ):
        import_extra("no_such_library", "clip")


def test_the_revision_of_a_checkpoint_is_that_of_its_bytes_whatever_its_name(tmp_path: Path) -> None:
    one, other, copy = tmp_path / "one.pt", tmp_path / "other.pt", tmp_path / "copy.pt"
    for path, data in ((one, b"weights"), (other, b"other weights"), (copy, b"weights")):
        path.write_bytes(data)
    assert file_revision(one) == file_revision(copy) != file_revision(other)


def test_the_revision_of_a_folder_changes_with_any_file_in_it(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/weights").write_bytes(b"1")
    (tmp_path / "config").write_bytes(b"{}")
    before = folder_revision(tmp_path)
    assert folder_revision(tmp_path) == before
    (tmp_path / "inner/weights").write_bytes(b"2")
    assert folder_revision(tmp_path) != before


def test_a_checkpoint_is_a_file_or_a_tag_and_never_a_path_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").touch()
    assert local_checkpoint(str(tmp_path / "weights.pt")) == tmp_path / "weights.pt"
    assert local_checkpoint("laion2b_s34b_b79k") is None
    with pytest.raises(EmbedderUnavailableError, match="there is no file"):
        local_checkpoint(str(tmp_path / "missing.pt"))
    with pytest.raises(EmbedderUnavailableError, match="no checkpoint is configured"):
        local_checkpoint("")


def test_what_a_library_raises_becomes_one_sentence() -> None:
    with (
        pytest.raises(EmbedderUnavailableError, match=r"^ViT-B-32 cannot be loaded: size mismatch$"),
        loading("ViT-B-32"),
    ):
        raise RuntimeError("size mismatch\nfor visual.proj: ...")
    with pytest.raises(KeyboardInterrupt), loading("ViT-B-32"):
        raise KeyboardInterrupt


@pytest.mark.models
def test_the_cache_of_this_machine_is_used_without_any_download(tmp_path: Path) -> None:
    kept = tmp_path / "models--maker--model"
    (kept / "snapshots/abc").mkdir(parents=True)
    (kept / "refs").mkdir()
    (kept / "refs/main").write_text("abc")
    (kept / "snapshots/abc/model.bin").write_bytes(b"weights")
    settings = EmbedderSettings(model_cache=str(tmp_path))
    names = ["model.safetensors", "model.bin"]
    assert hub_checkpoint("tag", "maker/model", names, settings).read_bytes() == b"weights"
    with pytest.raises(EmbedderUnavailableError, match="'tag' is no local file and not in this machine's cache"):
        hub_checkpoint("tag", "maker/another", names, settings)
