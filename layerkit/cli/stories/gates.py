"""Logic gates: AND, OR and NAND by a single unit; XOR only with hidden units, and not from every start."""

from __future__ import annotations

from typing import NamedTuple

from layerkit.layers import Dense
from layerkit.optimizers import SGD
from layerkit.sequential import Sequential
from layerkit.tables import text_table

INPUTS = [[0, 0], [0, 1], [1, 0], [1, 1]]
GATES = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "NAND": [1, 1, 1, 0], "XOR": [0, 1, 1, 0]}
RATE = 1
EPOCHS, XOR_EPOCHS = 200, 1000
SEEDS = range(10)


class Learned(NamedTuple):
    """What a network answers to the four inputs, and how many of the answers are right."""

    outputs: list[float]
    right: int


def learn(gate: str, hidden: int, *, seed: int, epochs: int) -> Learned:
    """Train on the four rows of a gate: sigmoid units, binary cross-entropy, plain gradient descent.

    >>> learn("AND", 0, seed=0, epochs=200).right
    4
    """
    layers = [Dense(hidden, "sigmoid")] if hidden else []
    model = Sequential([*layers, Dense(1, "sigmoid")], seed=seed)
    model.compile(SGD(RATE), "binary_crossentropy")
    model.fit(INPUTS, GATES[gate], epochs=epochs, verbose=0)
    outputs = [row[0] for row in model.predict(INPUTS)]
    return Learned(outputs, sum((out > 0.5) == bool(y) for out, y in zip(outputs, GATES[gate])))


def single_units() -> dict[str, Learned]:
    """Every gate by one unit without hidden ones, from seed 0."""
    return {gate: learn(gate, 0, seed=0, epochs=EPOCHS) for gate in GATES}


def xor_from_seeds() -> dict[int, Learned]:
    """XOR by a 2-2-1 network, from each seed."""
    return {seed: learn("XOR", 2, seed=seed, epochs=XOR_EPOCHS) for seed in SEEDS}


def tell() -> str:
    """The whole story as text."""
    headers = ["", *(f"{a} {b}" for a, b in INPUTS), "right"]
    singles, xors = single_units(), xor_from_seeds()
    reached = sum(learned.right == 4 for learned in xors.values())
    return "\n".join(
        [
            f"A sigmoid unit, {EPOCHS} epochs. No line parts the ones of XOR from its zeros, so that is beyond it:",
            "",
            text_table([_row(gate, found) for gate, found in singles.items()], headers, float_format=".3f"),
            "",
            f"XOR by a 2-2-1 network, {XOR_EPOCHS} epochs, from ten seeds:",
            "",
            text_table([_row(f"seed {seed}", found) for seed, found in xors.items()], headers, float_format=".3f"),
            "",
            f"{reached} of {len(xors)} seeds reach it; the others rest where the slope is nearly zero.",
        ]
    )


def _row(name: str, learned: Learned) -> list[object]:
    return [name, *learned.outputs, f"{learned.right} of 4"]
