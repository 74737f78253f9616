"""Where a file may be written: never over a file that the command reads."""

from __future__ import annotations

import os
from collections.abc import Mapping

from layerkit.errors import ArgumentError


def require_other_file(option: str, path: str, inputs: Mapping[str, str]) -> None:
    """Inputs are named by what they are, such as {"the table": "iris.csv"}.

    :raises ArgumentError: where the path is empty or leads to one of the inputs, in whatever spelling.
    """
    if not path:
        raise ArgumentError(f"{option}: the path is empty. Fix: name a file.")
    for what, source in inputs.items():
        if os.path.exists(path) and os.path.exists(source) and os.path.samefile(path, source):
            raise ArgumentError(f"{option} {path!r}: that file is {what}. Fix: choose another path.")
