"""Loops over pixels in Python that run at the speed of the machine.

Here belongs how such a loop is compiled and where it is kept; the loops stand with the measures that they serve. What OpenCV
or numpy does in one call is left to them: what is compiled would take several calls, and passes over the picture. Within a
loop numbers are set one by one: an array that is set to a tuple or another array takes two seconds more to compile, most of
them for the sentence of an error.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property, update_wrapper
from hashlib import sha256
from pathlib import Path
from pickle import PickleError
from threading import Lock
from typing import Any, Generic, ParamSpec, TypeVar, cast

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_SETTING_FOLDER = Lock()
"""numba has one setting for all functions, and reads it when one is to be kept."""
FOLDER_NAME = "compiled-"
UNUSED_DAYS = 7
"""After which what was compiled from other sources, by another compiler or for another processor goes."""


class compiled(Generic[Arguments, Result]):  # noqa: N801 (it is used as a decorator)
    """Compile a function of arrays and numbers by numba (S. K. Lam et al., "Numba", 2015) when it is first called.

    It runs without Python's lock, and is kept compiled beside its source, or in the user's cache where that folder
    cannot be written, or where NUMBA_CACHE_DIR says; where nothing can be, or what was kept is damaged, the process compiles for
    itself. `plain` is the function as it was written. Indices are not checked. What is kept stands under a digest of its own
    file, as it was when the function was defined: a compiled function calls none of another module, and uses no number of
    another one that may ever change.
    """

    def __init__(self, plain: Callable[Arguments, Result]) -> None:
        self.plain = plain
        self._source = _digest_of(plain.__code__.co_filename)
        self._compiled: Callable[Arguments, Result] | None = None
        self._compiling = Lock()
        update_wrapper(self, plain)

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Do what `plain` does; arguments are given by their places."""
        return (self._compiled or self._compile(args))(*args, **kwargs)

    @cached_property
    def inside_others(self) -> Any:
        """What other compiled functions call: it is kept with them."""
        return _make(self.plain, None)

    def _compile(self, args: tuple[object, ...]) -> Callable[Arguments, Result]:
        with self._compiling:
            if self._compiled is None:
                try:
                    folder = _open_folder(self.plain.__code__.co_filename, self._source)
                    self._compiled = _compile_for(self.plain, args, folder)
                except (OSError, EOFError, RuntimeError, PickleError):
                    self._compiled = _compile_for(self.plain, args, None)
            return self._compiled


def _compile_for(
    plain: Callable[Arguments, Result], args: tuple[object, ...], folder: Path | None
) -> Callable[Arguments, Result]:
    """Load or compile a function for the types of these arguments.

    Raises OSError, EOFError, RuntimeError or PickleError where it is to be kept, but that cannot be written or read.
    """
    from numba import typeof
    from numba.extending import typeof_impl

    typeof_impl.register(compiled, _type_of_compiled)
    made = _make(plain, folder)
    made.compile(tuple(map(typeof, args)))
    return cast("Callable[Arguments, Result]", made)


def _make(plain: Callable[..., object], folder: Path | None) -> Any:
    """What numba makes of a function, and keeps in a folder where there is one."""
    import numba

    made: Any = numba.njit(nogil=True, error_model="numpy")(plain)
    if folder:
        with _SETTING_FOLDER:
            numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
            made.enable_caching()
    return made


@cache
def _digest_of(source: str) -> bytes | None:
    """The digest of a source file, None where there is none."""
    try:
        return sha256(Path(source).read_bytes()).digest()
    except OSError:
        return None


@cache
def _open_folder(source: str, digest: bytes | None) -> Path | None:
    """Where what is compiled from a source of this digest is kept, here and now; None where nothing can be."""
    import llvmlite.binding as llvm
    import numba

    if digest is None:
        return None
    machine = numba.__version__, sys.version, llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    name = FOLDER_NAME + sha256(repr((digest, source, machine)).encode()).hexdigest()[:16]
    for parent in _parents(source):
        try:
            (parent / name).mkdir(parents=True, exist_ok=True)
            os.utime(parent / name)
        except OSError:
            continue
        _remove_unused(parent)
        return parent / name
    return None


def _parents(source: str) -> tuple[Path, ...]:
    """The place that the environment names, or else beside the source or in the user's cache."""
    if "NUMBA_CACHE_DIR" in os.environ:
        return (Path(os.environ["NUMBA_CACHE_DIR"]),)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(source).parent / "__pycache__", home / "dedup-assets"


def _remove_unused(parent: Path) -> None:
    """Remove folders that no process has opened for days; one that still uses one has loaded what it holds."""
    for folder in parent.glob(f"{FOLDER_NAME}*"):
        with suppress(OSError):
            if folder.stat().st_mtime < time.time() - UNUSED_DAYS * 86400:
                shutil.rmtree(folder)


def _type_of_compiled(function: "compiled[..., Any]", context: Any) -> Any:
    """Let compiled functions call each other: numba takes such a name for what is behind it."""
    from numba.extending import typeof_impl

    return typeof_impl(function.inside_others, context)
