"""A line through five points: w x + b by gradient descent, one example at a time.

The points lie on y = 3x + 2; w = b = 1 at first, the learning rate is .1, the loss is the squared error.
"""

from __future__ import annotations

from layerkit.layers import Dense
from layerkit.optimizers import SGD
from layerkit.sequential import Sequential
from layerkit.tables import text_table

X, Y, RATE, EPOCHS = [-2, -1, 0, 1, 2], [-4, -1, 2, 5, 8], 0.1, 2
PUBLISHED = {"w": "3.0254803968", "b": "1.9490392064"}


def fit() -> list[tuple[int, int, int, float, float]]:
    """(epoch, x, y, w, b) for each update; w and b are those after it."""
    line = Dense(1, fan_in=1, weight=[[1.0]], bias=[1.0])
    model = Sequential([line])
    model.compile(SGD(RATE), "mse")  # one output: the mean squared error of one example is its squared error
    steps = []
    for epoch in range(1, EPOCHS + 1):
        for x, y in zip(X, Y):
            model.train_on_batch([[x]], [[y]])
            steps.append((epoch, x, y, line.weight.value[0][0], line.bias.value[0]))
    return steps


def tell() -> str:
    """The whole story as text."""
    steps = fit()
    *_, w, b = steps[-1]
    return "\n".join(
        [
            "Five points on y = 3x + 2, a unit that computes w x + b, one update for each point:",
            "",
            text_table(steps, ["epoch", "x", "y", "w", "b"], float_format=".10f"),
            "",
            f"Published after two epochs: w {PUBLISHED['w']}, b {PUBLISHED['b']}; computed: w {w:.10f}, b {b:.10f}.",
        ]
    )
