"""The tree of errors is drawn as it is, and complete."""

import ast
import builtins
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dedup_assets import errors

ERRORS = [each for each in vars(errors).values() if isinstance(each, type)]
PACKAGE = Path(errors.__file__).parent
ELSEWHERE = {
    path.relative_to(PACKAGE): ast.parse(path.read_text(encoding="utf-8"))
    for path in PACKAGE.rglob("*.py")
    if path != Path(errors.__file__)
}


def drawn() -> Iterator[tuple[str, str]]:
    """Each error of the docstring's tree, and the one above it ("" for none)."""
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if line.startswith("    "):
            indent, name = len(line) - len(line.lstrip()), line.split()[0]
            above = [each for each in above if each[0] < indent]
            yield name, above[-1][1] if above else ""
            above.append((indent, name))


def test_the_tree_is_drawn_as_it_is() -> None:
    parents = {each.__name__: each.__bases__[0] for each in ERRORS}
    assert [*drawn()] == [(name, "" if hasattr(builtins, up.__name__) else up.__name__) for name, up in parents.items()]


def test_an_error_that_stands_elsewhere_is_caught_on_its_way() -> None:
    known = {each.__name__ for each in ERRORS} | {
        name for name in vars(builtins) if name.endswith(("Error", "Exception"))
    }
    caught = {name for tree in ELSEWHERE.values() for name in names_caught(tree)}
    strays = {
        f"{path}: {each.name}"
        for path, tree in ELSEWHERE.items()
        for each in ast.walk(tree)
        if isinstance(each, ast.ClassDef)
        and known & {ast.unparse(base) for base in each.bases}
        and each.name not in caught
    }
    assert strays == set()


def names_caught(tree: ast.Module) -> Iterator[str]:
    """The names that `except` clauses of a module catch."""
    for handler in ast.walk(tree):
        if isinstance(handler, ast.ExceptHandler) and handler.type:
            yield from (each.id for each in ast.walk(handler.type) if isinstance(each, ast.Name))


def test_errors_load_nothing_but_python_itself() -> None:
    program = (
        "import sys; before = set(sys.modules); import dedup_assets.errors; print(*sorted({*sys.modules} - before))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert loaded.split() == ["dedup_assets", "dedup_assets.errors"]
