"""`python -m layerkit` is the command `layerkit`."""

from __future__ import annotations

import sys

from layerkit.cli import main

if __name__ == "__main__":
    sys.exit(main())
