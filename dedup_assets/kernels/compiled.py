"""Loops over pixels in Python that run at the speed of the machine.

Here belongs how such a loop is compiled; the loops stand with the measures that they serve. What OpenCV or numpy does
in one call is left to them: what is compiled would take several calls, and passes over the picture.
"""

from collections.abc import Callable
from functools import update_wrapper
from threading import Lock
from typing import Any, Generic, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class compiled(Generic[Arguments, Result]):  # noqa: N801 (it is used as a decorator)
    """Compile a function of arrays and numbers by numba (S. K. Lam et al., "Numba", 2015) when it is first called.

    It runs without Python's lock, and is kept compiled beside its source, or in the user's cache where that folder
    cannot be written. `plain` is the function as it was written. It may call no compiled function of another module: what
    is kept is renewed only when its own file changes. Indices are not checked.
    """

    def __init__(self, plain: Callable[Arguments, Result]) -> None:
        self.plain = plain
        self._compiled: Callable[Arguments, Result] | None = None
        self._compiling = Lock()
        update_wrapper(self, plain)

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Do what `plain` does."""
        return (self._compiled or self._compile())(*args, **kwargs)

    def _compile(self) -> Callable[Arguments, Result]:
        import numba
        from numba.extending import typeof_impl

        with self._compiling:
            if self._compiled is None:
                typeof_impl.register(compiled, _type_of_compiled)
                make: Any = numba.njit(nogil=True, cache=True, error_model="numpy")
                self._compiled = make(self.plain)
            return self._compiled


def _type_of_compiled(function: "compiled[..., Any]", context: Any) -> Any:
    """Let compiled functions call each other: numba takes such a name for what is behind it."""
    from numba.extending import typeof_impl

    return typeof_impl(function._compiled or function._compile(), context)
