"""Where models come from: the libraries of an optional extra, a checkpoint, and the devices there are.

Belongs here: finding them, and saying in one sentence what is missing. Does not belong here: loading a model.
"""

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest, sha256
from pathlib import Path
from pickle import PickleError
from typing import Any

from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderUnavailableError

REVISION_LENGTH = 16
LOADING_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError, OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError, ImportError, EOFError,
    PickleError,
)  # fmt: skip
"""What the libraries raise over a model or a checkpoint that is damaged, unknown or of another model."""


def import_extra(module: str, extra: str, needs: str = "") -> Any:
    """Import a module that comes with an optional extra of the install; `needs` is what that asks for besides.

    Raises:
        EmbedderUnavailableError: it is not installed, or does not import.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        how = f"pip install 'dedup-assets[{extra}]' {needs}".strip()
        raise EmbedderUnavailableError(f"{error.name} is not installed ({how})") from error
    except (ImportError, OSError, RuntimeError) as error:  # RuntimeError: torch and torchvision of different builds
        raise EmbedderUnavailableError(f"{module} does not import: {_first_line(error)}") from error


@contextmanager
def loading(what: str, *errors: type[Exception]) -> Iterator[None]:
    """Turn what libraries raise over a model into one sentence; `errors` are classes of one library's own.

    Raises:
        EmbedderUnavailableError: the model cannot be loaded, for whatever reason its library has.
    """
    try:
        yield
    except (*LOADING_ERRORS, *errors) as error:
        raise EmbedderUnavailableError(f"{what} cannot be loaded: {_first_line(error)}") from error


def local_checkpoint(checkpoint: str) -> Path | None:
    """The file that a checkpoint names, or None where it is a tag of the library.

    Raises:
        EmbedderUnavailableError: none is configured, or it is a path where no file is.
    """
    if not checkpoint:
        raise EmbedderUnavailableError("no checkpoint is configured")
    path = Path(checkpoint).expanduser()
    if path.is_file():
        return path
    if len(path.parts) > 1:
        raise EmbedderUnavailableError(f"there is no file {checkpoint}")
    return None


def hub_checkpoint(tag: str, repository: str, names: Sequence[str], settings: EmbedderSettings) -> Path:
    """The first of the files `names` of a repository on the hub: from this machine's cache, or else downloaded.

    Raises:
        EmbedderUnavailableError: it is not in the cache, and nothing may be downloaded or the download failed.
    """
    hub = import_extra("huggingface_hub", "clip")
    cache = settings.model_cache or None
    found = (hub.try_to_load_from_cache(repository, name, cache_dir=cache) for name in names)
    cached = next((path for path in found if isinstance(path, str)), None)
    if cached:
        return Path(cached)
    if not settings.allow_download:
        raise EmbedderUnavailableError(
            f"'{tag}' is no local file and not in this machine's cache, and allow_download is not set"
        )
    with loading(f"'{tag}' of {repository}"):
        offered = hub.list_repo_files(repository)
        name = next(name for name in names if name in offered)
        return Path(hub.hf_hub_download(repository, name, cache_dir=cache))


def file_revision(path: Path) -> str:
    """The SHA-256 of a checkpoint, its first 16 digits: the same file is the same revision, whatever its name."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()[:REVISION_LENGTH]


def folder_revision(folder: Path) -> str:
    """The SHA-256 over the names and revisions of all files of a model's folder, its first 16 digits."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = "".join(f"{path.relative_to(folder)} {file_revision(path)}\n" for path in files)
    return sha256(listed.encode()).hexdigest()[:REVISION_LENGTH]


def available_devices() -> tuple[str, ...]:
    """The GPUs of this machine that torch may use (CUDA_VISIBLE_DEVICES narrows them), or else the CPU.

    Raises:
        EmbedderUnavailableError: torch is not installed.
    """
    gpus = import_extra("torch", "clip").cuda.device_count()
    return tuple(f"cuda:{number}" for number in range(gpus)) or ("cpu",)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).strip().splitlines()[0]
