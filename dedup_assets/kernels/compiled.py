"""Loops over pixels in Python that run at the speed of the machine.

Here belongs how such a loop is compiled; the loops stand with the measures that they serve. What OpenCV or numpy does
in one call is left to them: what is compiled would take several calls, and passes over the picture.
"""

from collections.abc import Callable
from functools import cached_property, update_wrapper
from pickle import PickleError
from threading import Lock
from typing import Any, Generic, ParamSpec, TypeVar, cast

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class compiled(Generic[Arguments, Result]):  # noqa: N801 (it is used as a decorator)
    """Compile a function of arrays and numbers by numba (S. K. Lam et al., "Numba", 2015) when it is first called.

    It runs without Python's lock, and is kept compiled beside its source, or in the user's cache where that folder
    cannot be written; where neither can, or what was kept is damaged, the process compiles for itself. `plain` is the
    function as it was written. Indices are not checked. What is kept is renewed when its own file changes: a compiled
    function calls none of another module, and uses no number of another one that may ever change.
    """

    def __init__(self, plain: Callable[Arguments, Result]) -> None:
        self.plain = plain
        self._compiled: Callable[Arguments, Result] | None = None
        self._compiling = Lock()
        update_wrapper(self, plain)

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Do what `plain` does; arguments are given by their places."""
        return (self._compiled or self._compile(args))(*args, **kwargs)

    @cached_property
    def inside_others(self) -> Any:
        """What other compiled functions call: it is kept with them."""
        return _make(self.plain, keep=False)

    def _compile(self, args: tuple[object, ...]) -> Callable[Arguments, Result]:
        with self._compiling:
            if self._compiled is None:
                try:
                    self._compiled = _compile_for(self.plain, args, keep=True)
                except (OSError, EOFError, RuntimeError, PickleError):
                    self._compiled = _compile_for(self.plain, args, keep=False)
            return self._compiled


def _compile_for(
    plain: Callable[Arguments, Result], args: tuple[object, ...], keep: bool
) -> Callable[Arguments, Result]:
    """Load or compile a function for the types of these arguments.

    Raises OSError, EOFError, RuntimeError or PickleError where it is to be kept, but that cannot be written or read.
    """
    from numba import typeof
    from numba.extending import typeof_impl

    typeof_impl.register(compiled, _type_of_compiled)
    made = _make(plain, keep)
    made.compile(tuple(map(typeof, args)))
    return cast("Callable[Arguments, Result]", made)


def _make(plain: Callable[..., object], keep: bool) -> Any:
    import numba

    return numba.njit(nogil=True, cache=keep, error_model="numpy")(plain)


def _type_of_compiled(function: "compiled[..., Any]", context: Any) -> Any:
    """Let compiled functions call each other: numba takes such a name for what is behind it."""
    from numba.extending import typeof_impl

    return typeof_impl(function.inside_others, context)
