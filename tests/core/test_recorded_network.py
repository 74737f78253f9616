"""The layers' own forward and backward, run on exact fractions and on values that record how they were computed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from layerkit import (
    SGD,
    CategoricalCrossentropy,
    Dense,
    Graph,
    HalfSquaredError,
    Sequential,
    Value,
    activations,
    get_loss,
)
from layerkit.plugins import registry
from layerkit.training import passes

# -- fractions ------------------------------------------------------------------------------------------------------

F = Fraction


def exact_model() -> Sequential:
    layers = [
        Dense(2, "relu", weight=[[F(1, 2), F(-1, 3)], [F(1), F(2)]], bias=[F(0), F(-20)]),
        Dense(1, weight=[[F(2), F(3)]], bias=[F(1, 5)]),
    ]
    model = Sequential(layers, seed=1)
    model.compile(SGD(F(1, 10)), "mse")
    return model


def test_a_dense_relu_dense_model_is_exact_forward() -> None:
    # x = (3, 3/2): net = (3/2 − 1/2, 3 + 3 − 20) = (1, −14), out = (1, 0);  2·1 + 3·0 + 1/5 = 11/5
    model = exact_model()
    assert model.predict([[3, F(3, 2)]]) == [[F(11, 5)]]
    assert model.evaluate([[3, F(3, 2)]], [[F(1)]]) == F(36, 25)


def test_its_gradients_are_exact() -> None:
    # dE/dout = 2 (11/5 − 1) = 12/5; dW2 = 12/5 · (1, 0), db2 = 12/5; dh = 12/5 · (2, 3), the second unit is off
    gradients = exact_model().gradients([[3, F(3, 2)]], [[F(1)]])
    assert gradients == {
        "dense_1.weight": [[F(72, 5), F(36, 5)], [0, 0]],
        "dense_1.bias": [F(24, 5), 0],
        "dense_2.weight": [[F(12, 5), 0]],
        "dense_2.bias": [F(12, 5)],
    }
    assert {type(number) for number in _numbers(gradients)} == {Fraction}


def test_a_step_of_training_is_exact() -> None:
    model = exact_model()
    history = model.fit([[3, F(3, 2)]], [[1]])
    assert history.history == {"loss": [F(36, 25)]}
    values = {parameter.name: parameter.value for parameter in model.parameters}
    assert values == {
        "dense_1.weight": [[F(1, 2) - F(36, 25), F(-1, 3) - F(18, 25)], [1, 2]],
        "dense_1.bias": [F(-12, 25), -20],
        "dense_2.weight": [[2 - F(6, 25), 3]],
        "dense_2.bias": [F(1, 5) - F(6, 25)],
    }
    assert {type(number) for number in _numbers(values)} == {Fraction}


def test_a_batch_of_two_is_exact_too() -> None:
    # The second row is off in both units: its output is 1/5, its loss 1/25, its gradient 2/5; means over two rows.
    model = exact_model()
    x, y = [[3, F(3, 2)], [0, 0]], [[1], [0]]
    assert model.evaluate(x, y) == (F(36, 25) + F(1, 25)) / 2
    assert model.gradients(x, y)["dense_2.bias"] == [F(12, 5) / 2 + F(2, 5) / 2]
    assert model.gradients(x, y)["dense_2.weight"] == [[F(6, 5), 0]]


def _numbers(nested: Any) -> Iterator[Any]:
    if isinstance(nested, dict):
        nested = list(nested.values())
    if isinstance(nested, list):
        for part in nested:
            yield from _numbers(part)
    else:
        yield nested


# -- recorded values ------------------------------------------------------------------------------------------------


class Network:
    """A chain of layers with its loss, on floats or recorded down to scalar nodes; both from the same numbers."""

    def __init__(self, sizes: list[int], kinds: list[str | None], loss: str, target: Any, seed: int) -> None:
        rng = Random(seed)
        self.kinds, self.loss, self.target = kinds, loss, target
        self.x = [[rng.uniform(-1, 1) for _ in range(sizes[0])]]
        shapes = list(zip(sizes[1:], sizes))
        self.weights = [[[rng.uniform(-1, 1) for _ in range(i)] for _ in range(j)] for j, i in shapes]
        self.biases = [[rng.uniform(-1, 1) for _ in range(j)] for j, _ in shapes]

    def run(self, number: Any) -> tuple[Any, list[Dense], Any]:
        """The loss after forward, the layers after backward, and x; `number(name, value)` makes each number."""
        x = [[number(f"x{i}", value) for i, value in enumerate(row)] for row in self.x]
        layers = [
            Dense(
                len(w),
                kind,
                weight=[[number(f"w{k}{j}{i}", value) for i, value in enumerate(row)] for j, row in enumerate(w)],
                bias=[number(f"b{k}{j}", value) for j, value in enumerate(b)],
            )
            for k, (kind, w, b) in enumerate(zip(self.kinds, self.weights, self.biases))
        ]
        loss = get_loss(self.loss)
        target = loss.prepare(self.target, layers[-1].units)
        value, _ = passes.measure(layers, loss, x, target, training=True)
        passes.backward(layers, loss)
        return value, layers, x

    def check(self) -> None:
        on_floats, float_layers, _ = self.run(lambda name, value: value)
        graph = Graph()
        recorded, layers, x = self.run(graph.input)
        assert isinstance(recorded, Value)
        assert recorded.value == pytest.approx(on_floats, rel=1e-12)
        recorded.backward()
        for layer, float_layer in zip(layers, float_layers):
            for parameter, float_parameter in zip(layer.parameters, float_layer.parameters):
                for rows in zip(parameter.rows(), parameter.grad_rows(), float_parameter.grad_rows()):
                    for value, by_layers, by_floats in zip(*rows):
                        assert value.grad == pytest.approx(by_floats, rel=1e-10, abs=1e-14)
                        assert _number(by_layers) == pytest.approx(by_floats, rel=1e-12, abs=1e-16)
        # the first layer's dx is not computed in training; ask for it
        delta = layers[0].delta
        dx = layers[0].backward_net(delta)[0]
        assert [value.grad for value in x[0]] == pytest.approx([_number(g) for g in dx], rel=1e-10, abs=1e-14)


def _number(value: Any) -> Any:
    return value.value if isinstance(value, Value) else value


def test_dense_sigmoid_dense_softmax_with_its_crossentropy_down_to_scalar_nodes() -> None:
    Network([3, 4, 3], ["sigmoid", "softmax"], "categorical_crossentropy", [[0, 1, 0]], seed=1).check()


CASES: list[tuple[str | None, str, Any]] = [
    ("softmax", "sparse_categorical_crossentropy", [[2]]),
    ("softmax", "categorical_crossentropy", [[0.25, 0.5, 0.25]]),
    ("softmax", "mean_squared_error", [[0, 1, 0]]),
    ("sigmoid", "binary_crossentropy", [[1, 0, 0.25]]),
    ("sigmoid", "categorical_crossentropy", [[1, 0, 0]]),
    (None, "half_squared_error", [[0.5, -2, 1]]),
    (None, "mean_absolute_error", [[0.5, -2, 1]]),
    (None, "huber", [[0.5, -20, 1]]),
    ("tanh", "hinge", [[1, -1, -1]]),
]


@pytest.mark.parametrize(("final", "loss", "target"), CASES)
def test_every_loss_gives_the_same_gradients_by_nodes_and_by_layers(final: Any, loss: str, target: Any) -> None:
    Network([2, 3, 3], ["tanh", final], loss, target, seed=2).check()


@pytest.mark.parametrize("name", [name for name, activation in activations().items() if activation.trainable])
def test_every_activation_gives_the_same_gradients_by_nodes_and_by_layers(name: str) -> None:
    Network([2, 3, 2], [name, name], "half_squared_error", [[0.3, -0.6]], seed=3).check()


def test_the_losses_that_are_recorded_here_are_all_there_are() -> None:
    built_in = {cls.name for _, cls in registry.all("loss").values() if cls.__module__.startswith("layerkit.")}
    assert {loss for _, loss, _ in CASES} == built_in


def test_a_softmax_of_two_equals_is_recorded_with_the_right_gradient() -> None:
    # At a tie two ways lead through the maximum; p − t = (1/2 − 1, 1/2) all the same.
    graph = Graph()
    logits = [graph.input("z1", 3.0), graph.input("z2", 3.0)]
    loss = CategoricalCrossentropy()
    value = loss.measure([logits], [[1, 0]], from_logits=True)
    assert value.value == pytest.approx(math.log(2))
    value.backward()
    assert [z.grad for z in logits] == pytest.approx([-0.5, 0.5])
    assert [g.value for g in loss.backward()[0]] == pytest.approx([-0.5, 0.5])


def test_a_recorded_model_with_fractions_has_exact_gradients() -> None:
    graph = Graph()
    w, b = graph.input("w", F(1, 3)), graph.input("b", F(1, 2))
    layer, loss = Dense(1, "relu", weight=[[w]], bias=[b]), HalfSquaredError()
    value = loss.forward(layer.forward([[F(3, 2)]]), [[F(1, 4)]])
    value.backward()
    # out = 1/2 + 1/2 = 1, E = ½ (3/4)², dE/dw = 3/4 · 3/2, dE/db = 3/4
    assert (value.value, w.grad, b.grad) == (F(9, 32), F(9, 8), F(3, 4))
    layer.backward(loss.backward())
    assert (layer.weight.grad[0][0].value, layer.bias.grad[0].value) == (F(9, 8), F(3, 4))
