"""What all tests share: layerkit's strict mode, and a stated reason where an outside program is missing."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

os.environ["LAYERKIT_STRICT"] = "1"

ORACLES = ("torch", "sklearn")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in item.iter_markers("oracle"):
            wanted = marker.args or ORACLES
            if not any(find_spec(name) for name in wanted):
                reason = f"an oracle test needs {' or '.join(wanted)}, not installed here (see CONTRIBUTING.md)"
                item.add_marker(pytest.mark.skip(reason=reason))
