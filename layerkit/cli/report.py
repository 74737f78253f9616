"""What a training came to, as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from layerkit.cli.trial import Measured, confusion
from layerkit.tables import text_table


def one(measured: Measured) -> str:
    """The scores of both parts, and the confusion matrix of the part that was held out."""
    if measured.classes is None:
        names = list(measured.test)
        parts = (("training", measured.train), ("held out", measured.test))
        return text_table([[name, *map(number, scores.values())] for name, scores in parts], ["", *names], right=names)
    return "\n".join(
        [
            f"accuracy on the training part: {percent(measured.train['accuracy'])}",
            f"accuracy on the part held out: {percent(measured.test['accuracy'])}",
            "",
            "rows held out, true class by predicted class:",
            str(confusion(measured.classes, measured.test_answers)),
        ]
    )


def line(seed: int, measured: Measured, epochs: int) -> str:
    """One of several splits."""
    shown = ", ".join(f"{name} {_shown(name, value)}" for name, value in measured.test.items())
    trained = ", ".join(f"{name} {_shown(name, value)}" for name, value in measured.train.items())
    return f"seed {seed}: held out {shown}; training {trained}; {epochs} epochs"


def several(results: Sequence[Measured]) -> str:
    """Mean and standard deviation (n − 1) of each score held out; for classes, the confusion matrix of all splits."""
    lines = []
    for name in results[0].test:
        values = [measured.test[name] for measured in results]
        mean = math.fsum(values) / len(values)
        text = f"{name} held out, mean of {len(values)} splits: {_shown(name, mean)}"
        if len(values) > 1:
            stddev = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
            text += f" ± {_shown(name, stddev)} (standard deviation)"
        lines.append(text)
    classes = results[0].classes
    if classes is not None:
        answers = [answer for measured in results for answer in measured.test_answers]
        lines += ["", "rows held out in all splits, true class by predicted class:", str(confusion(classes, answers))]
    return "\n".join(lines)


def unseen(counts: Mapping[str, Mapping[str, int]]) -> str:
    """The texts that the training part did not have."""
    found = [f"{name}: {text!r} in {count}" for name, texts in counts.items() for text, count in texts.items()]
    shown = found if len(found) <= 5 else [*found[:5], f"{len(found) - 5} more"]
    return f"texts that the training part does not have, taken as none of its texts: {', '.join(shown)}"


def percent(share: float) -> str:
    """
    >>> percent(29 / 30)
    '96.67 %'
    """
    return f"{100 * share:.2f} %"


def number(value: float) -> str:
    """Four digits, or all before the point, in plain writing; with an exponent only what would be very long.

    >>> number(7522.4), number(10523.6), number(0.00001), number(1.25), number(1e300)
    ('7522', '10524', '0.00001', '1.25', '1e+300')
    """
    if not 1e-9 <= abs(value) < 1e15:
        return f"{value:.4g}"
    text = f"{value:.{max(0, 3 - math.floor(math.log10(abs(value))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _shown(name: str, value: float) -> str:
    return percent(value) if name == "accuracy" else number(value)
