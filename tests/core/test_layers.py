"""Laws that hold for every layer: what it shows, what it leaves alone, and that its gradient is the slope."""

from __future__ import annotations

import copy
import math
from random import Random
from typing import Any

import pytest

import layerkit
from layerkit import (
    ActivationLayer,
    Dense,
    Dropout,
    Input,
    InputLayer,
    Layer,
    NotDifferentiableError,
    OrderError,
    ShapeError,
    Softmax,
    UnknownNameError,
    activations,
)
from layerkit.layers import BUILT_IN
from layerkit.plugins import registry

Rows = list[list[float]]

X: Rows = [[0.5, -1.25, 2.0], [-0.75, 0.25, -3.5]]  # no number is a kink of an activation
TRAINABLE = [name for name, activation in activations().items() if activation.trainable]
FIXED = [name for name, activation in activations().items() if not activation.trainable]


def dense(activation: Any = None, **more: Any) -> Dense:
    return Dense(2, activation, weight=[[0.3, -0.2, 0.5], [-0.4, 0.1, 0.7]], bias=[0.1, -0.3], **more)


# Every layer type of the registry, and Dense and ActivationLayer with every activation that has a derivative.
LAYERS: dict[str, Any] = {
    "Input": lambda: Input(3),
    "Softmax": Softmax,
    "Dropout": lambda: Dropout(0.5, rng=Random(3)),
    "Dropout of nothing": lambda: Dropout(0),
    "Dense": dense,
    "Dense without bias": lambda: Dense(1, use_bias=False, weight=[[0.3, -0.2, 0.5]]),
    "Dense softmax": lambda: dense("softmax"),
    **{f"ActivationLayer {name}": (lambda name=name: ActivationLayer(name)) for name in TRAINABLE},
    **{f"Dense {name}": (lambda name=name: dense(name)) for name in TRAINABLE},
}
every_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS.keys())


def gradient_for(out: Any) -> Rows:
    """Some upstream gradient in the shape of out, no two numbers alike."""
    return [[0.7 + 0.31 * n - 0.23 * k for k in range(len(row))] for n, row in enumerate(out)]


def shown(layer: Layer) -> tuple[Any, ...]:
    return layer.x, layer.out, layer.dout, layer.dx


def test_every_registered_layer_goes_through_these_laws() -> None:
    tested = {type(make()) for make in LAYERS.values()}
    assert set(BUILT_IN) <= tested
    assert {cls for _, cls in registry.all("layer").values() if cls.__module__.startswith("layerkit.")} <= tested


@every_layer
def test_a_layer_shows_nothing_before_its_first_batch(make: Any) -> None:
    assert shown(make()) == (None, None, None, None)


@every_layer
def test_a_layer_shows_what_it_saw_and_what_it_gave_back(make: Any) -> None:
    layer = make()
    out = layer.forward(X, training=True)
    dout = gradient_for(out)
    dx = layer.backward(dout)
    assert shown(layer) == (X, out, dout, dx)


@every_layer
def test_after_forget_batch_a_layer_shows_nothing(make: Any) -> None:
    layer = make()
    layer.backward(gradient_for(layer.forward(X, training=True)))
    layer.forget_batch()
    assert shown(layer) == (None, None, None, None)
    if isinstance(layer, Dense):
        assert layer.net is None
        assert layer.delta is None
        assert layer.activation is None or shown(layer.activation) == (None, None, None, None)


@every_layer
def test_forward_and_backward_write_to_nothing_they_are_given(make: Any) -> None:
    layer, x = make(), copy.deepcopy(X)
    out = layer.forward(x, training=True)
    dout = gradient_for(out)
    parameters = [copy.deepcopy(parameter.value) for parameter in layer.parameters]
    kept = copy.deepcopy((x, out, dout, getattr(layer, "net", None)))
    layer.backward(dout)
    assert (x, out, dout, getattr(layer, "net", None)) == kept
    assert [parameter.value for parameter in layer.parameters] == parameters


@every_layer
def test_backward_before_forward_says_what_to_call(make: Any) -> None:
    with pytest.raises(OrderError, match="call forward first"):
        make().backward([[1.0]])


@every_layer
@pytest.mark.parametrize(
    "wrong", [5, [], [[]], [1.0, 2.0], [[0.1] * 9, [0.1] * 9], [[0.1]], [[0.1, 0.2, 0.3], 7]], ids=str
)
def test_a_gradient_of_another_shape_is_refused_in_one_line(make: Any, wrong: Any) -> None:
    layer = make()
    layer.forward(X)
    with pytest.raises(ShapeError) as caught:
        layer.backward(wrong)
    assert "\n" not in str(caught.value)


@every_layer
@pytest.mark.parametrize("wrong", [5, [], [1.0, 2.0, 3.0], [[0.1, 0.2, 0.3], [0.1]], [[0.1, 0.2, 0.3], 7]], ids=str)
def test_an_x_that_is_no_batch_is_refused_in_one_line(make: Any, wrong: Any) -> None:
    with pytest.raises(ShapeError) as caught:
        make().forward(wrong)
    assert "\n" not in str(caught.value)


@every_layer
def test_backward_is_the_slope_of_forward(make: Any) -> None:
    layer = make()
    out = layer.forward(X)
    dout = gradient_for(out)
    dx = layer.backward(dout)
    gradients = [(parameter, copy.deepcopy(parameter.grad)) for parameter in layer.parameters]

    def weighed() -> float:
        rows = layer.forward(x)
        return math.fsum(d * o for given, row in zip(dout, rows) for d, o in zip(given, row))

    def slope(numbers: Any, k: int) -> float:
        middle, h = numbers[k], 1e-5
        numbers[k] = middle + h
        above = weighed()
        numbers[k] = middle - h
        below = weighed()
        numbers[k] = middle
        return (above - below) / (2 * h)

    x = copy.deepcopy(X)
    for row, expected in zip(x, dx):
        assert [slope(row, k) for k in range(3)] == pytest.approx(expected, rel=1e-7, abs=1e-9)
    for parameter, gradient in gradients:
        rows, expected_rows = parameter.rows(), gradient if parameter.is_matrix else [gradient]
        for row, expected in zip(rows, expected_rows):
            assert [slope(row, k) for k in range(len(row))] == pytest.approx(expected, rel=1e-7, abs=1e-9)


@every_layer
def test_gradients_are_set_anew_by_each_backward(make: Any) -> None:
    layer = make()
    dout = gradient_for(layer.forward(X))
    layer.backward(dout)
    first = [copy.deepcopy(parameter.grad) for parameter in layer.parameters]
    layer.backward(dout)
    assert [parameter.grad for parameter in layer.parameters] == first


@every_layer
def test_the_gradients_of_a_batch_are_the_sums_over_its_rows(make: Any) -> None:
    layer = make()
    dout = gradient_for(layer.forward(X))
    dx = layer.backward(dout)
    whole = [parameter.grad_rows() for parameter in layer.parameters]
    parts, parts_dx = [], []
    for n in range(2):
        layer.forward([X[n]])
        parts_dx += layer.backward([dout[n]])
        parts.append([parameter.grad_rows() for parameter in layer.parameters])
    assert parts_dx == [pytest.approx(row) for row in dx]
    for together, first, second in zip(whole, *parts):
        for rows in zip(together, first, second):
            assert rows[0] == pytest.approx([a + b for a, b in zip(rows[1], rows[2])])


@every_layer
def test_a_detached_layer_computes_the_same_and_leaves_no_trace(make: Any) -> None:
    layer = make()
    out = layer.forward(X)
    layer.backward(gradient_for(out))
    before = copy.deepcopy(shown(layer))
    other = layer.detached()
    assert other.forward([X[0]]) == [pytest.approx(out[0])]
    assert shown(layer) == before
    assert list(other.parameters) == list(layer.parameters)


@every_layer
def test_a_row_of_the_batch_does_not_depend_on_the_other_rows(make: Any) -> None:
    layer = make()
    together = layer.forward(X)
    assert [pytest.approx(row) for row in together] == [layer.forward([row])[0] for row in X]


@pytest.mark.parametrize("name", FIXED)
def test_a_step_function_can_be_used_but_not_trained_through(name: str) -> None:
    layer = ActivationLayer(name)
    assert layer.forward([[-0.5, 0.0, 2.0]]) == {"step": [[0.0, 1.0, 1.0]], "sign": [[-1.0, 1.0, 1.0]]}[name]
    with pytest.raises(NotDifferentiableError, match="perceptron rule"):
        layer.backward([[1.0, 1.0, 1.0]])


def test_sigmoid_passes_on_a_quarter_of_the_gradient_at_zero() -> None:
    layer = layerkit.Sigmoid()
    assert layer.forward([[0.0, 0.0]]) == [[0.5, 0.5]]
    assert layer.backward([[1.0, 8.0]]) == [[0.25, 2.0]]


def test_relu_passes_the_gradient_where_the_input_was_positive() -> None:
    layer = layerkit.ReLU()
    assert layer.forward([[3.0, -2.0, 0.0]]) == [[3.0, 0.0, 0.0]]
    assert layer.backward([[5.0, 5.0, 5.0]]) == [[5.0, 0.0, 0.0]]


def test_relu_leaves_the_gradient_that_it_was_given_as_it_is() -> None:
    # Saito's ReLU (ch. 5) sets entries of its caller's dout to 0.
    layer, dout = layerkit.ReLU(), [[5.0, 5.0]]
    layer.forward([[-1.0, 1.0]])
    layer.backward(dout)
    assert dout == [[5.0, 5.0]]


def test_softmax_of_log_one_two_five_is_an_eighth_a_quarter_five_eighths() -> None:
    layer = Softmax()
    out = layer.forward([[0.0, math.log(2), math.log(5)]])
    assert out[0] == pytest.approx([1 / 8, 2 / 8, 5 / 8])
    # dx_k = p_k (d_k − Σ d p), with d = (8, 0, 0): Σ d p = 1
    assert layer.backward([[8.0, 0.0, 0.0]])[0] == pytest.approx([7 / 8, -2 / 8, -5 / 8])


def test_softmax_is_finite_at_both_ends_of_the_floats() -> None:
    layer = Softmax()
    assert layer.forward([[1e308, -1e308], [-1e308, -1e308]]) == [[1.0, 0.0], [0.5, 0.5]]
    assert layer.backward([[1.0, 0.0], [1.0, 0.0]]) == [[0.0, 0.0], [0.25, -0.25]]


def test_input_layer_takes_the_shape_as_keras_writes_it() -> None:
    assert InputLayer(input_shape=(100)).fan_in == 100
    assert InputLayer(input_shape=(7,)).units == 7
    with pytest.raises(ShapeError, match="one dimension"):
        InputLayer(input_shape=(28, 28))


@pytest.mark.parametrize(
    ("constructor", "name"),
    [
        ("Step", "step"), ("Sign", "sign"), ("Linear", "linear"), ("Sigmoid", "sigmoid"), ("Tanh", "tanh"),
        ("ReLU", "relu"), ("LeakyReLU", "leaky_relu"), ("ELU", "elu"), ("SELU", "selu"), ("Softplus", "softplus"),
        ("Softsign", "softsign"), ("SiLU", "silu"), ("GELU", "gelu"), ("Mish", "mish"), ("HardSigmoid", "hard_sigmoid"),
    ],
)  # fmt: skip
def test_every_thin_constructor_makes_its_activation_layer(constructor: str, name: str) -> None:
    layer = getattr(layerkit, constructor)(name="mine")
    assert isinstance(layer, ActivationLayer)
    assert (layer.activation, layer.name) == (activations()[name], "mine")


def test_a_thin_constructor_takes_the_parameters_of_its_activation() -> None:
    assert layerkit.LeakyReLU(negative_slope=0.5).forward([[-4.0]]) == [[-2.0]]
    with pytest.raises(layerkit.ArgumentError, match="no parameter 'slope'"):
        layerkit.LeakyReLU(slope=0.5)


def test_an_unknown_activation_names_the_nearest_one_and_softmax_too() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'sigmoid'"):
        Dense(1, "sigmod")
    with pytest.raises(UnknownNameError, match="did you mean 'softmax'"):
        Dense(1, "sotfmax")


def test_a_layer_of_ones_own_needs_only_forward_and_backward() -> None:
    class Doubled(Layer):
        def forward(self, x: Any, *, training: bool = False) -> Any:
            self.x, self.out = x, [[2 * value for value in row] for row in x]
            return self.out

        def backward(self, dout: Any) -> Any:
            self.dout, self.dx = dout, [[2 * value for value in row] for row in dout]
            return self.dx

    model = layerkit.Sequential([Doubled(), Dense(1, weight=[[3.0]], bias=[1.0])])
    assert model([[5.0]]) == [[31.0]]
    assert model.backward([[1.0]]) == [[6.0]]
