"""What `import layerkit` brings, and what it leaves alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import layerkit

ROOT = Path(layerkit.__file__).parent.parent


def modules_after(statement: str) -> set[str]:
    """What a fresh interpreter has in sys.modules after the statement and had not before."""
    program = (
        "import sys; before = set(sys.modules)\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        f"{statement}\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return set(run.stdout.split())


def test_importing_layerkit_imports_nothing_of_its_own_or_of_others_yet() -> None:
    modules = modules_after("import layerkit")
    assert {name for name in modules if name.startswith("layerkit")} == {"layerkit"}
    assert not modules & {"numpy", "pluggy", "tabulate", "json", "dataclasses", "decimal", "fractions", "statistics"}


@pytest.mark.parametrize("statement", ["from layerkit import Graph", "from layerkit import MulLayer, exp"])
def test_nodes_and_graph_need_no_plugin_machinery(statement: str) -> None:
    modules = modules_after(statement)
    assert not modules & {"numpy", "pluggy", "tabulate", "json", "dataclasses", "decimal", "fractions", "statistics"}


def test_training_never_imports_numpy() -> None:
    modules = modules_after(
        "from layerkit import Dense, Sequential\n"
        "model = Sequential([Dense(2, 'tanh'), Dense(1)], seed=1)\n"
        "model.compile('sgd', 'mse')\n"
        "model.fit([[0, 0], [0, 1]], [0, 1], epochs=1, verbose=0)"
    )
    assert "layerkit.sequential" in modules
    assert not modules & {"numpy", "tabulate", "statistics"}


def test_all_is_sorted_without_repetition_and_every_name_can_be_imported() -> None:
    assert layerkit.__all__ == sorted(set(layerkit.__all__))
    for name in layerkit.__all__:
        found = getattr(layerkit, name)
        assert getattr(found, "__name__", name).lower().replace("_", "") == name.lower().replace("_", "")
    assert set(layerkit.__all__) <= set(dir(layerkit))


def test_type_checkers_see_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse(Path(layerkit.__file__).read_text(encoding="utf-8"))
    block = next(
        node
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    )
    seen = {
        alias.asname or alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == layerkit._MODULE_OF


@pytest.mark.parametrize("module", layerkit._SUBMODULES)
def test_submodules_are_attributes(module: str) -> None:
    assert getattr(layerkit, module) is sys.modules[f"layerkit.{module}"]


def test_a_name_that_is_not_there_is_an_attribute_error_as_for_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'layerkit' has no attribute 'Dence'"):
        layerkit.Dence  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(layerkit, "__wrapped__")
