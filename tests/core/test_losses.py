"""Losses: values and gradients by hand, pairing with softmax and sigmoid, and the far ends of the floats.

Values that cannot be worked out by hand were computed with mpmath at 60 digits from the textbook formulas.
"""

from __future__ import annotations

import copy
import math
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from layerkit import (
    SGD,
    ArgumentError,
    ArgumentTypeError,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    DataError,
    Dense,
    HalfSquaredError,
    Hinge,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    NumericsError,
    OrderError,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
    SparseCategoricalCrossentropy,
    UnknownNameError,
    activations,
    check_gradients,
    get_loss,
    numerical_gradient,
)
from layerkit.activation import Activation
from layerkit.numerics import sigmoid
from layerkit.plugins import registry

LOSSES = {cls.name: cls for _, cls in registry.all("loss").values()}

# Predictions that no loss has a kink at, and targets that it takes.
TARGETS: dict[str, Any] = {
    "hinge": [[1, -1, 1], [-1, -1, 1]],
    "binary_crossentropy": [[1, 0, 0.25], [0, 0, 1]],
    "categorical_crossentropy": [[0, 1, 0], [0.2, 0.5, 0.3]],
    "sparse_categorical_crossentropy": [[2], [0]],
}
REAL = [[0.5, -1.5, 2.25], [0.1, 0.7, -0.3]]
PREDICTED = [[0.2, 0.5, 0.3], [0.15, 0.7, 0.15]]


def target_for(name: str) -> Any:
    return TARGETS.get(name, REAL)


# loss, predicted, target, value, gradient
BY_HAND = [
    (HalfSquaredError(), [[3.0, 4.0]], [[1.0, 1.0]], 6.5, [[2.0, 3.0]]),
    (HalfSquaredError(), [[3.0, 4.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 3.0]], 4.25, [[1.0, 1.5], [0.0, -1.0]]),
    (MeanSquaredError(), [[3.0, 4.0]], [[1.0, 1.0]], 6.5, [[2.0, 3.0]]),
    (MeanSquaredError(), [[3.0], [1.0]], [[1.0], [2.0]], 2.5, [[2.0], [-1.0]]),
    (MeanAbsoluteError(), [[3.0, -4.0]], [[1.0, 1.0]], 3.5, [[0.5, -0.5]]),
    (MeanAbsoluteError(), [[1.0, 1.0]], [[1.0, 3.0]], 1.0, [[0.0, -0.5]]),
    (Huber(), [[3.0, 1.5]], [[1.0, 1.0]], (1.5 + 0.125) / 2, [[0.5, 0.25]]),
    (Huber(delta=2), [[-4.0]], [[1.0]], 2 * (5 - 1), [[-2.0]]),
    (Hinge(), [[0.5, -2.0]], [[1, -1]], 0.25, [[-0.5, 0.0]]),
    (Hinge(), [[-3.0], [2.0]], [[1], [-1]], 3.5, [[-0.5], [0.5]]),
    (BinaryCrossentropy(), [[0.25]], [[1]], 1.3862943611198906, [[-4.0]]),
    (BinaryCrossentropy(), [[0.25]], [[0.5]], 0.8369882167858358, [[(0.25 - 0.5) / (0.25 * 0.75)]]),
    (BinaryCrossentropy(), [[0.5, 0.75]], [[1, 0]], (math.log(2) + math.log(4)) / 2, [[-1.0, 2.0]]),
    # −log .25, with the gradient (g_k − Σ g q) / Σ p for g = (−4, 0): (−4 + 1, 1)
    (CategoricalCrossentropy(), [[0.25, 0.75]], [[1, 0]], 1.3862943611198906, [[-3.0, 1.0]]),
    (CategoricalCrossentropy(), [[1.0, 3.0]], [[1, 0]], 1.3862943611198906, [[-0.75, 0.25]]),
    (SparseCategoricalCrossentropy(), [[0.25, 0.75]], [[0]], 1.3862943611198906, [[-3.0, 1.0]]),
]


@pytest.mark.parametrize(("loss", "predicted", "target", "value", "gradient"), BY_HAND)
def test_values_and_gradients_by_hand(loss: Loss, predicted: Any, target: Any, value: float, gradient: Any) -> None:
    assert loss.forward(predicted, target) == pytest.approx(value, rel=1e-15)
    assert loss.backward() == [pytest.approx(row, rel=1e-14) for row in gradient]


def test_every_built_in_loss_is_worked_out_by_hand_above() -> None:
    tested = {type(loss) for loss, *_ in BY_HAND}
    assert {cls for cls in LOSSES.values() if cls.__module__.startswith("layerkit.")} == tested


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_of_a_batch_is_the_mean_over_its_rows(name: str) -> None:
    loss, target = LOSSES[name](), target_for(name)
    parts = [loss.forward([p], [t]) for p, t in zip(PREDICTED, target)]
    assert loss.forward(PREDICTED, target) == pytest.approx(sum(parts) / 2)


@pytest.mark.parametrize("name", LOSSES)
def test_backward_is_the_slope_of_forward(name: str) -> None:
    loss, target = LOSSES[name](), target_for(name)
    loss.forward(PREDICTED, target)
    gradient = loss.backward()

    def of(flat: Any) -> Any:
        return LOSSES[name]().forward([flat[:3], flat[3:]], target)

    expected = numerical_gradient(of, [*PREDICTED[0], *PREDICTED[1]])
    assert [*gradient[0], *gradient[1]] == pytest.approx(expected, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_writes_to_nothing_it_is_given_and_gives_the_same_again(name: str) -> None:
    loss, predicted, target = LOSSES[name](), copy.deepcopy(PREDICTED), copy.deepcopy(target_for(name))
    first = loss.forward(predicted, target), loss.backward(), loss.backward()
    assert (predicted, target) == (PREDICTED, target_for(name))
    assert first[1] == first[2]
    assert loss.forward(predicted, target) == first[0]


@pytest.mark.parametrize("name", LOSSES)
def test_backward_before_forward_says_what_to_call(name: str) -> None:
    with pytest.raises(OrderError, match=f"{name}.*call forward first"):
        LOSSES[name]().backward()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(
    ("predicted", "target"),
    [
        ([1.0, 2.0], [1.0, 2.0]),
        ([[0.5, 0.5], [0.5]], [[1, 0], [1, 0]]),
        ([[0.5, 0.5]], [[1, 0], [1, 0]]),
        ([[0.5, 0.5]], [[1, 0, 0]]),
        ([], []),
        ([[0.5, 0.5]], None),
        ([[0.5, "a"]], [[1, 0]]),
        ([[0.5, 0.5]], [["a", "b"]]),
        ([[0.5, 0.5]], [[math.nan, 0]]),
        ([[math.inf, 0.5]], [[1, 0]]),
    ],
)
def test_what_is_no_batch_is_refused_in_one_line(name: str, predicted: Any, target: Any) -> None:
    with pytest.raises((ShapeError, DataError, ArgumentTypeError)) as caught:
        LOSSES[name]().forward(predicted, target)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "target", "text"),
    [
        ("hinge", [[0, 1]], "-1 or 1"),
        ("binary_crossentropy", [[0, 1.5]], "0 to 1"),
        ("categorical_crossentropy", [[-0.5, 1.5]], "0 to 1"),
        ("categorical_crossentropy", [[1, 1]], "sum to 1"),
        ("sparse_categorical_crossentropy", [[2]], "0 to 1"),
        ("sparse_categorical_crossentropy", [[-1]], "0 to 1"),
        ("sparse_categorical_crossentropy", [[0.5]], "0 to 1"),
    ],
)
def test_targets_that_a_loss_does_not_take_are_refused(name: str, target: Any, text: str) -> None:
    with pytest.raises(DataError, match=text):
        LOSSES[name]().forward([[0.5, 0.5]], target)


def test_one_output_cannot_tell_classes_apart() -> None:
    with pytest.raises(ShapeError, match="binary_crossentropy"):
        CategoricalCrossentropy().forward([[1.0]], [[1]])


def test_fractions_stay_exact_in_the_losses_without_logarithms() -> None:
    third = Fraction(1, 3)
    predicted = [[third, Fraction(5), Fraction(1)], [Fraction(-1, 7), Fraction(0), third]]
    target = [[1, 1, 1], [-1, 1, -1]]
    for cls in (HalfSquaredError, MeanSquaredError, MeanAbsoluteError, Huber, Hinge):
        loss = cls()
        assert isinstance(loss.forward(predicted, target), Fraction), cls
        assert {type(g) for row in loss.backward() for g in row} == {Fraction}, cls
    loss = MeanAbsoluteError()
    assert loss.forward(predicted[:1], target[:1]) == Fraction(14, 9)  # (2/3 + 4 + 0) / 3
    assert loss.backward() == [[Fraction(-1, 3), Fraction(1, 3), 0]]


# -- the far ends of the floats -------------------------------------------------------------------------------------

LOGITS = [
    ([40.0, 0.0], 0, 4.2483542552915889e-18),
    ([40.0, 0.0], 1, 40.0),
    ([700.0, -700.0, 3.0], 2, 697.0),
    ([1.5, -0.25, 0.75], 2, 1.248433454743149856),
    ([-50.0, -50.0, -90.0], 0, 0.6931471805599453115),
    ([1e-9, 0.0], 0, 0.6931471800599453095),
    ([30.0, 0.0, 0.0], 0, 1.871524593767859791e-13),
    ([1e308, 0.0], 0, 0.0),
    ([1e308, 0.0], 1, 1e308),
    ([1e308, -1e308], 0, 0.0),
    ([1e308, 1e308], 1, 0.6931471805599453),
    ([-1e308, -1e308], 0, 0.6931471805599453),
    ([-1e308, 0.0, 0.0], 1, 0.6931471805599453),
]


@pytest.mark.parametrize(("logits", "label", "value"), LOGITS)
def test_categorical_crossentropy_on_logits_is_right_to_a_few_ulp(logits: Any, label: int, value: float) -> None:
    target = [[1 if k == label else 0 for k in range(len(logits))]]
    loss = CategoricalCrossentropy()
    assert loss.measure([logits], target, from_logits=True) == pytest.approx(value, rel=4e-16)
    assert all(map(math.isfinite, loss.backward()[0]))


@pytest.mark.parametrize(
    ("logit", "target", "value"),
    [
        (40.0, 1, 4.2483542552915889e-18),
        (40.0, 0, 40.0),
        (-40.0, 0, 4.2483542552915889e-18),
        (0.5, 1, 0.4740769841801066809),
        (-2.0, 0.25, 0.6269280110429724964),
        (-1e-9, 0, 0.6931471800599453095),
        (1e308, 1, 0.0),
        (1e308, 0, 1e308),
        (-1e308, 1, 1e308),
        (-1e308, 0, 0.0),
    ],
)
def test_binary_crossentropy_on_logits_is_right_to_a_few_ulp(logit: float, target: float, value: float) -> None:
    loss = BinaryCrossentropy()
    assert loss.measure([[logit]], [[target]], from_logits=True) == pytest.approx(value, rel=4e-16)
    assert math.isfinite(loss.backward()[0][0])


def test_unpaired_probabilities_are_clipped_at_1e_7_as_in_keras() -> None:
    # −log 1e-7, and −log(1 − 1e-7), where 1 − 1e-7 is rounded: so only the first nine digits are the formula's
    binary = BinaryCrossentropy()
    assert binary.forward([[0.0]], [[1]]) == pytest.approx(16.11809565095831979, rel=1e-14)
    assert binary.backward() == [[0.0]]  # the clipped value does not move with the prediction
    assert binary.forward([[1.0]], [[1]]) == pytest.approx(1.00000005e-7, rel=1e-8)
    categorical = CategoricalCrossentropy()
    assert categorical.forward([[0.0, 1.0]], [[1, 0]]) == pytest.approx(16.11809565095831979, rel=1e-14)
    assert categorical.forward([[0.0, 1.0]], [[0, 1]]) == pytest.approx(1.00000005e-7, rel=1e-8)


def test_outputs_that_sum_to_zero_are_one_numerics_error() -> None:
    with pytest.raises(NumericsError, match=r"sums to 0.*softmax"):
        CategoricalCrossentropy().forward([[0.0, 0.0]], [[1, 0]])


@pytest.mark.parametrize("loss", [HalfSquaredError(), MeanSquaredError()])
def test_a_squared_error_of_1e200_is_one_numerics_error(loss: Loss) -> None:
    with pytest.raises(NumericsError, match="beyond what a float holds") as caught:
        loss.forward([[1e200]], [[0.0]])
    assert "\n" not in str(caught.value)
    with pytest.raises(OrderError):  # nothing was seen
        type(loss)().backward()


def test_a_mean_that_fits_a_float_is_found_though_the_sum_does_not() -> None:
    loss = MeanAbsoluteError()
    assert loss.forward([[1e308, 1e308], [1e308, 1e308]], [[0.0, 0.0], [0.0, 0.0]]) == 1e308


# -- pairing --------------------------------------------------------------------------------------------------------


def network(loss: str, final: Any, units: int) -> Sequential:
    rng = Random(8)
    weight = [[rng.uniform(-1, 1) for _ in range(3)] for _ in range(units)]
    last = [Dense(units, final, weight=weight)] if isinstance(final, (str, Activation)) else [
        Dense(units, weight=weight), final
    ]  # fmt: skip
    model = Sequential([Dense(3, "tanh", fan_in=2), *last], seed=5)
    model.compile(SGD(0.1), loss)
    return model


class _Unpaired(BinaryCrossentropy):
    pairs_with = ""


class _UnpairedCategorical(CategoricalCrossentropy):
    pairs_with = ""


class _UnpairedSparse(SparseCategoricalCrossentropy):
    pairs_with = ""


PAIRS = [
    ("binary_crossentropy", _Unpaired, "sigmoid", Sigmoid, [[1, 0], [0, 0.25]]),
    ("categorical_crossentropy", _UnpairedCategorical, "softmax", Softmax, [[1, 0], [0.25, 0.75]]),
    ("sparse_categorical_crossentropy", _UnpairedSparse, "softmax", Softmax, [[1], [0]]),
]


@pytest.mark.parametrize(("name", "unpaired", "activation", "layer", "target"), PAIRS)
def test_pairing_gives_the_unpaired_loss_and_gradients_where_nothing_is_clipped(
    name: str, unpaired: Any, activation: str, layer: Any, target: Any
) -> None:
    x = [[0.5, -1.0], [2.0, 0.25]]
    plain = network(name, activation, 2)
    plain.compile(SGD(0.1), unpaired())
    expected_loss, expected = plain.evaluate(x, target), plain.gradients(x, target)
    for final in (activation, layer()):
        paired = network(name, final, 2)
        assert paired.evaluate(x, target) == pytest.approx(expected_loss, rel=1e-13)
        found = paired.gradients(x, target)
        for parameter, rows in expected.items():
            assert found[parameter] == (
                [pytest.approx(row, rel=1e-12) for row in rows]
                if isinstance(rows[0], list)
                else pytest.approx(rows, rel=1e-12)
            )


@pytest.mark.parametrize(("name", "unpaired", "activation", "layer", "target"), PAIRS)
def test_a_paired_model_learns_from_a_hopeless_start(
    name: str, unpaired: Any, activation: str, layer: Any, target: Any
) -> None:
    # Unpaired, the probability of the right class is clipped and its gradient 0.
    model = Sequential([Dense(2, activation, weight=[[400.0], [-400.0]])])
    model.compile(SGD(0.1), name)
    gradients = model.gradients([[1.0]], [target[0] if len(target[0]) == 1 else [0, 1]])
    assert gradients["dense_1.bias"] == ([0.5, -0.5] if name.startswith("binary") else [1.0, -1.0])
    model.compile(SGD(0.1), unpaired())
    assert model.gradients([[1.0]], [target[0] if len(target[0]) == 1 else [0, 1]])["dense_1.bias"] == [0.0, 0.0]


def test_a_function_of_ones_own_that_is_called_sigmoid_is_not_paired() -> None:
    def own_sigmoid(x: Any) -> Any:
        return sigmoid(3 * x)

    own_sigmoid.__name__ = "sigmoid"
    model = Sequential([Dense(1, own_sigmoid, weight=[[0.5]], bias=[0.1])])
    model.compile(SGD(0.1), "binary_crossentropy")
    assert model.evaluate([[1.0]], [1]) == pytest.approx(-math.log(1 / (1 + math.exp(-1.8))))
    assert check_gradients(model, [[1.0]], [1])


# -- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "cls"), [*LOSSES.items(), ("mse", MeanSquaredError), ("mae", MeanAbsoluteError)])
def test_a_loss_is_found_by_its_name_class_or_itself(name: str, cls: type[Loss]) -> None:
    assert type(get_loss(name)) is cls
    assert type(get_loss(cls)) is cls
    loss = cls()
    assert get_loss(loss) is loss
    assert get_loss(name) is not get_loss(name)  # each model has its own


def test_unknown_and_impossible_losses_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'binary_crossentropy'"):
        get_loss("binary_crossentopy")
    with pytest.raises(ArgumentTypeError):
        get_loss(5)
    with pytest.raises(ArgumentError):
        Huber(delta=0)
    with pytest.raises(ArgumentTypeError):
        Huber(delta="1")
    assert repr(Huber(delta=2)) == "Huber(delta=2)"


# -- every layer × activation × loss ----------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", [*(n for n, a in activations().items() if a.trainable), "softmax"])
def test_gradients_of_every_activation_with_every_loss_agree_with_central_differences(name: str, loss: str) -> None:
    layers = [Dense(3, name, fan_in=fan_in, bias_initializer="normal") for fan_in in (2, 3)]
    model = Sequential(layers, seed=4)
    if loss in ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"):
        model.add(Softmax())  # an output that these losses can take, whatever the activation
    model.compile(SGD(0.1), loss)
    check = check_gradients(model, [[0.5, -1.25], [-0.75, 2.0]], target_for(loss))
    assert check, str(check)
