"""The fully connected layer, by hand."""

from __future__ import annotations

from array import array
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from layerkit import (
    SGD,
    ActivationLayer,
    ArgumentError,
    ArgumentTypeError,
    DataError,
    Dense,
    Graph,
    Initializer,
    Layer,
    LayerkitError,
    OrderError,
    Sequential,
    ShapeError,
    UnknownNameError,
)


def two_by_three() -> Dense:
    return Dense(2, weight=[[1.0, 2.0, 3.0], [-1.0, 0.5, 4.0]], bias=[10.0, 20.0])


def test_forward_is_x_times_w_transposed_plus_b() -> None:
    # 1·2 + 2·(−1) + 3·1 + 10 = 13;  −1·2 + .5·(−1) + 4·1 + 20 = 21.5
    # 1·0 + 2·4 + 3·(−2) + 10 = 12;  0 + 2 − 8 + 20 = 14
    assert two_by_three().forward([[2.0, -1.0, 1.0], [0.0, 4.0, -2.0]]) == [[13.0, 21.5], [12.0, 14.0]]


def test_backward_by_hand_on_a_batch_of_two() -> None:
    layer = two_by_three()
    layer.forward([[2.0, -1.0, 1.0], [0.0, 4.0, -2.0]])
    # dx = dout W: (1·1 + 10·(−1), 1·2 + 10·.5, 1·3 + 10·4), (−2·1 + 3·(−1), −2·2 + 3·.5, −2·3 + 3·4)
    assert layer.backward([[1.0, 10.0], [-2.0, 3.0]]) == [[-9.0, 7.0, 43.0], [-5.0, -2.5, 6.0]]
    # dW = doutᵀ x: row 0: 1·(2, −1, 1) − 2·(0, 4, −2); row 1: 10·(2, −1, 1) + 3·(0, 4, −2)
    assert layer.weight.grad == [[2.0, -9.0, 5.0], [20.0, 2.0, 4.0]]
    assert layer.bias.grad == [-1.0, 13.0]
    assert layer.delta == [[1.0, 10.0], [-2.0, 3.0]]


def test_net_stays_visible_beside_out_and_delta_is_the_gradient_at_net() -> None:
    layer = Dense(1, "relu", weight=[[2.0]], bias=[-1.0])
    layer.forward([[3.0], [-3.0]])
    assert (layer.net, layer.out) == ([[5.0], [-7.0]], [[5.0], [0.0]])
    layer.backward([[4.0], [4.0]])
    assert (layer.dout, layer.delta, layer.dx) == ([[4.0], [4.0]], [[4.0], [0.0]], [[8.0], [0.0]])
    assert (layer.weight.grad, layer.bias.grad) == ([[12.0]], [4.0])


def test_a_row_alone_gives_the_outer_product_of_delta_and_x() -> None:
    layer = two_by_three()
    layer.forward([[2.0, -1.0, 1.0]])
    layer.backward([[1.0, 10.0]])
    assert layer.weight.grad == [[2.0, -1.0, 1.0], [20.0, -10.0, 10.0]]


def test_weights_are_numbered_in_row_major_order_as_in_textbooks() -> None:
    # w1, w2 lead to the first hidden unit, w3, w4 to the second: net_h1 = w1 i1 + w2 i2 + b1
    hidden = Dense(2, weight=[[0.15, 0.20], [0.25, 0.30]], bias=[0.35, 0.35])
    assert hidden.forward([[0.05, 0.10]])[0] == pytest.approx([0.3775, 0.3925])
    assert hidden.weight.shape == (2, 2)
    assert hidden.bias.shape == (2,)


def test_without_bias_there_is_only_the_product() -> None:
    layer = Dense(1, use_bias=False, weight=[[2.0, 3.0]])
    assert layer.forward([[1.0, 1.0]]) == [[5.0]]
    assert [parameter.name for parameter in layer.parameters] == ["weight"]
    with pytest.raises(OrderError, match="use_bias=False"):
        _ = layer.bias


def test_backward_parameters_sets_the_same_gradients_but_no_dx() -> None:
    layer = two_by_three()
    layer.forward([[2.0, -1.0, 1.0]])
    layer.backward([[5.0, 5.0]])
    layer.backward_parameters([[1.0, 10.0]])
    assert layer.weight.grad == [[2.0, -1.0, 1.0], [20.0, -10.0, 10.0]]
    assert layer.dx is None  # and not that of an earlier batch


def test_fractions_stay_exact() -> None:
    third = Fraction(1, 3)
    layer = Dense(1, weight=[[third, 2]], bias=[Fraction(1, 7)])
    assert layer.forward([[Fraction(1, 2), third]]) == [[Fraction(1, 6) + Fraction(2, 3) + Fraction(1, 7)]]
    assert layer.backward([[third]]) == [[Fraction(1, 9), Fraction(2, 3)]]
    assert layer.weight.grad == [[Fraction(1, 6), Fraction(1, 9)]]


def test_a_bias_that_was_not_given_is_an_exact_zero_beside_fractions() -> None:
    layer = Dense(1, weight=[[Fraction(1, 3)]])
    assert isinstance(layer.bias.value[0], Fraction)
    assert layer.forward([[Fraction(3)]]) == [[1]]


def test_a_recorded_bias_adds_nothing_to_the_record_before_it_is_used() -> None:
    graph = Graph()
    layer = Dense(1, weight=[[graph.input("w", 2.0)]], bias=[graph.input("b", 0.0)])
    assert len(graph.values) == 2
    out = layer.forward([[3.0]])[0][0]
    assert (out.value, len(graph.values)) == (6.0, 4)  # one product, one sum


def test_weights_come_from_the_initializers_and_the_given_generator() -> None:
    layer = Dense(2, fan_in=3, kernel_initializer="ones", bias_initializer={"name": "constant", "value": 0.5})
    assert layer.weight.value == [[1.0] * 3, [1.0] * 3]
    assert layer.bias.value == [0.5, 0.5]
    drawn = [Dense(4, fan_in=3, rng=Random(5)).weight.value for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert all(abs(w) <= (6 / 7) ** 0.5 for row in drawn[0] for w in row)  # Glorot: √(6 / (fan_in + units))


def test_given_weights_may_be_any_sequence_and_are_copied() -> None:
    class Table:
        def tolist(self) -> list[list[float]]:
            return [[1.0, 2.0]]

    assert Dense(1, weight=Table(), bias=array("d", [3.0])).forward([[1.0, 1.0]]) == [[6.0]]
    given = [[1.0, 2.0]]
    layer = Dense(1, weight=given)
    given[0][0] = 99.0
    assert layer.weight.value == [[1.0, 2.0]]


def test_one_activation_object_given_to_two_layers_serves_each_by_itself() -> None:
    tanh = ActivationLayer("tanh")

    def network(first: Any, second: Any) -> Sequential:
        layers = [Dense(2, first, weight=[[0.5], [-1.0]]), Dense(1, second, weight=[[0.25, 2.0]], bias=[0.1])]
        model = Sequential(layers, seed=1)
        model.compile(SGD(0.1), "mse")
        return model

    shared, separate = network(tanh, tanh), network("tanh", "tanh")
    assert shared.gradients([[0.7], [0.2]], [0.5, 1.0]) == separate.gradients([[0.7], [0.2]], [0.5, 1.0])


def test_a_failing_initializer_leaves_the_layer_as_it_was() -> None:
    def broken(fan_in: int, units: int) -> Any:
        raise ZeroDivisionError

    layer = Dense(2, kernel_initializer=Initializer("broken", broken))
    with pytest.raises(ZeroDivisionError):
        layer.build(3, rng=Random(1))
    assert (layer.fan_in, layer.built) == (None, False)


BAD = [
    (lambda: Dense(0), ArgumentError, "at least 1"),
    (lambda: Dense(2.0), ArgumentTypeError, "whole number"),
    (lambda: Dense(True), ArgumentTypeError, "whole number"),
    (lambda: Dense("3"), ArgumentTypeError, "whole number"),
    (lambda: Dense(1, fan_in=0), ArgumentError, "at least 1"),
    (lambda: Dense(1, use_bias="no"), ArgumentTypeError, "True or False"),
    (lambda: Dense(1, "sigmod"), UnknownNameError, "did you mean 'sigmoid'"),
    (lambda: Dense(1, 5), ArgumentTypeError, "activation must be"),
    (lambda: Dense(1, Dense(1)), ArgumentTypeError, "activation must be"),
    (lambda: Dense(1, kernel_initializer="glorot_unifrom"), UnknownNameError, "did you mean 'glorot_uniform'"),
    (lambda: Dense(1, kernel_initializer=5), LayerkitError, "initializer"),
    (lambda: Dense(1, weight=5), ArgumentTypeError, "weight"),
    (lambda: Dense(1, weight="abc"), ArgumentTypeError, "weight"),
    (lambda: Dense(1, weight=[]), ShapeError, "weight"),
    (lambda: Dense(1, weight=[1.0, 2.0]), ShapeError, "flat list"),
    (lambda: Dense(2, weight=[[1.0, 2.0]]), ShapeError, "2 rows"),
    (lambda: Dense(2, weight=[[1.0, 2.0], [1.0]]), ShapeError, "row 0 has 2 and row 1 has 1"),
    (lambda: Dense(1, weight=[["a"]]), DataError, "not a number"),
    (lambda: Dense(1, weight=[[float("nan")]]), DataError, "finite"),
    (lambda: Dense(1, weight=[[1.0]], fan_in=2), ShapeError, "fan_in"),
    (lambda: Dense(2, bias=[1.0]), ShapeError, "bias must be 2 numbers"),
    (lambda: Dense(2, bias=[[1.0, 2.0]]), ShapeError, "bias must be 2 numbers"),
    (lambda: Dense(1, bias=5), ArgumentTypeError, "bias"),
    (lambda: Dense(1, bias=[float("inf")]), DataError, "finite"),
    (lambda: Dense(1, bias=[1.0], use_bias=False), ArgumentTypeError, "use_bias=False"),
    (lambda: Dense(3).weight, OrderError, "fan_in"),
    (lambda: Dense(3).forward([[1.0]]), OrderError, "fan_in"),
    (lambda: Dense(1, fan_in=2, name="out").forward([[1.0, 2.0, 3.0]]), ShapeError, "Dense 'out': x must be rows of 2"),
    (lambda: Dense(1, fan_in=2).build(3, rng=Random(1)), ShapeError, "made for rows of 2"),
    (lambda: Layer().forward([[1.0]]), NotImplementedError, ""),
]


@pytest.mark.parametrize(("do", "error", "text"), BAD)
def test_a_dense_that_cannot_be_is_refused_in_one_line(do: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        do()
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
