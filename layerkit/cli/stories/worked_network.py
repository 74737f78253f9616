"""The worked 2-2-2 network of many textbooks and blogs: the published numbers beside the computed ones.

Inputs .05 and .10, targets .01 and .99, weights w1 … w8 = .15 … .55, biases .35 and .60 that are not trained, sigmoid
units, half squared error, learning rate .5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from layerkit.layers import Dense, Layer
from layerkit.losses import HalfSquaredError
from layerkit.optimizers import SGD
from layerkit.sequential import Sequential
from layerkit.tables import text_table

X, TARGET, RATE, UPDATES = [[0.05, 0.10]], [[0.01, 0.99]], 0.5, 10_000


class Published(NamedTuple):
    """A number as it was printed, and what layerkit computes for it."""

    name: str
    printed: str
    computed: float

    @property
    def agrees(self) -> bool:
        """Whether the computed number, rounded to the printed digits, is the printed one.

        >>> Published("third", "0.333", 1 / 3).agrees, Published("third", "3.34e-01", 1 / 3).agrees
        (True, False)
        """
        digits, _, exponent = self.printed.partition("e")
        places = len(digits.partition(".")[2])
        return float(format(self.computed, f".{places}{'e' if exponent else 'f'}")) == float(self.printed)


def network() -> Sequential:
    """The network before its first update."""
    model = Sequential(
        [
            Dense(2, "sigmoid", weight=[[0.15, 0.20], [0.25, 0.30]], bias=[0.35, 0.35], name="hidden"),
            Dense(2, "sigmoid", weight=[[0.40, 0.45], [0.50, 0.55]], bias=[0.60, 0.60], name="output"),
        ]
    )
    for layer in model.layers:
        layer.parameters[1].trainable = False
    model.compile(SGD(RATE), "half_squared_error")
    return model


def proper_update(model: Sequential) -> None:
    """Backpropagation: every gradient from the old weights, then every weight at once."""
    model.train_on_batch(X, TARGET)


def hasty_update(model: Sequential) -> None:
    """The mistake: w5 … w8 are updated first, and the gradients of w1 … w4 then come through the new ones."""
    hidden, output = model.layers
    loss = HalfSquaredError()
    loss.forward(model.forward(X), TARGET)
    dout = loss.backward()
    output.backward(dout)
    _descend(output)
    hidden.backward_parameters(output.backward(dout))
    _descend(hidden)


def _descend(layer: Layer) -> None:
    weight = layer.parameters[0]
    weight.value = [[w - RATE * g for w, g in zip(*rows)] for rows in zip(weight.value, weight.grad)]


class Course(NamedTuple):
    """The error E after some numbers of updates, and the outputs after the last."""

    errors: dict[int, float]
    outputs: list[float]


def course(update: Callable[[Sequential], None]) -> Course:
    """What 10,000 updates lead to, one at a time."""
    model = network()
    errors = {}
    for count in range(1, UPDATES + 1):
        update(model)
        if count in (1, UPDATES - 1, UPDATES):
            errors[count] = model.evaluate(X, TARGET)
    return Course(errors, list(model.predict(X)[0]))


def forward_pass() -> list[Published]:
    """The outputs of all units, and E, before any update."""
    model = network()
    o1, o2 = model.forward(X)[0]
    h1, h2 = model.layers[0].out[0]
    return [
        Published("out h1", ".593269992", h1),
        Published("out h2", ".596884378", h2),
        Published("out o1", ".75136507", o1),
        Published("out o2", ".772928465", o2),
        Published("E", ".298371109", model.evaluate(X, TARGET)),
    ]


def first_update() -> list[Published]:
    """The weights after one update."""
    model = network()
    proper_update(model)
    weights = [w for layer in model.layers for row in layer.parameters[0].value for w in row]
    printed = [
        *(".149780716", ".19956143", ".24975114", ".29950229"),
        *(".35891648", ".408666186", ".511301270", ".561370121"),
    ]
    return [Published(f"w{k}⁺", text, w) for k, (text, w) in enumerate(zip(printed, weights), 1)]


def later_figures(course: Course) -> list[Published]:
    """E after one update, and E and outputs after 10,000, as printed and as this way of updating gives them."""
    return [
        Published("E, 1", ".291027924", course.errors[1]),
        Published("E, 10,000", "3.51084e-05", course.errors[UPDATES]),
        Published("out o1, 10,000", ".015912196", course.outputs[0]),
        Published("out o2, 10,000", ".984065734", course.outputs[1]),
    ]


def tell() -> str:
    """The whole story as text."""
    proper, hasty = course(proper_update), course(hasty_update)
    figures = [
        [before.name, before.printed, *_computed(before), *_computed(after)]
        for before, after in zip(later_figures(proper), later_figures(hasty))
    ]
    return "\n".join(
        [
            "A 2-2-2 network of sigmoid units with weights w1 … w8, worked by hand in many books and blogs.",
            "Forward, and the weights after one update:",
            "",
            text_table(
                [[p.name, p.printed, *_computed(p)] for p in [*forward_pass(), *first_update()]],
                ["", "published", "computed", ""],
            ),
            "",
            "The figures that were published for later do not come from that algorithm. They are found when the",
            "gradients of w1 … w4 go through w5 … w8 as already updated, which the text itself forbids:",
            "",
            text_table(figures, ["after updates", "published", "proper", "", "hasty", ""]),
            "",
            *_conclusion(proper, hasty),
        ]
    )


def _conclusion(proper: Course, hasty: Course) -> list[str]:
    explained = [figure for figure in later_figures(hasty) if figure.agrees]
    error = next(figure for figure in later_figures(proper) if figure.name.startswith("E, 10"))
    return [
        f"So {len(explained)} of the 4 printed figures are those of the hasty way. The fourth, E = {error.printed}, is",
        f"neither; what comes close to it is E after {UPDATES - 1:,} proper updates, {proper.errors[UPDATES - 1]:.9e}.",
    ]


def _computed(published: Published) -> list[str]:
    """The computed number as books write it, and whether it rounds to the printed one."""
    text = format(published.computed, ".10g")
    return [text[1:] if text.startswith("0.") else text, "agrees" if published.agrees else "DIFFERS"]
