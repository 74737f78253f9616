"""What a training measured, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from layerkit.errors import unknown_name
from layerkit.numerics import Number
from layerkit.tables import text_table


class History:
    """`history["loss"]` is the list of losses, one for each complete epoch; so for each metric, and with ``val_`` for
    the validation data. `epoch` numbers the epochs from 0.

    >>> history = History()
    >>> history.extend(0, {"loss": [0.5, 0.25]})
    >>> history["loss"]
    [0.5, 0.25]
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[Number]] = {}

    def extend(self, epoch: int, columns: Mapping[str, Sequence[Number]]) -> None:
        """Take in what one or more epochs measured, from `epoch` on."""
        self.epoch += range(epoch, epoch + max(map(len, columns.values())))
        for name, values in columns.items():
            self.history.setdefault(name, []).extend(values)

    def __getitem__(self, name: str) -> list[Number]:
        """The values of one quantity, epoch by epoch.

        :raises UnknownNameError: where it was not measured.
        """
        if name not in self.history:
            raise unknown_name("quantity", name, self.history)
        return self.history[name]

    def __len__(self) -> int:
        """How many complete epochs there were."""
        return len(self.epoch)

    def __str__(self) -> str:
        names = list(self.history)
        return text_table(
            [[e, *(self.history[n][k] for n in names)] for k, e in enumerate(self.epoch)], ["epoch", *names]
        )

    def __repr__(self) -> str:
        return f"<History of {len(self)} epochs: {', '.join(self.history) or 'empty'}>"
