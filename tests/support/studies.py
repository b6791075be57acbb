"""The simulations of `benchmarks/`, which tests run with fewer experiments."""

import importlib.util
import sys
from types import ModuleType
from unittest.mock import patch

from support.project import ROOT


def study(name: str) -> ModuleType:
    """The module of this name in `benchmarks/`."""
    path = ROOT / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    with patch.object(sys, "path", [str(path.parent), *sys.path]):  # they import each other
        spec.loader.exec_module(module)
    return module
