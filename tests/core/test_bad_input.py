"""What cannot be trained on: one clear line each, and the model is as it was before."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from layerkit import (
    SGD,
    ActivationLayer,
    Adam,
    ArgumentError,
    ArgumentTypeError,
    DataError,
    Dense,
    Dropout,
    Layer,
    LayerkitError,
    OrderError,
    Sequential,
    ShapeError,
    UnknownNameError,
)

X, Y = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[1.0], [0.0], [1.0]]
NAN, INF = math.nan, math.inf


def trained() -> Sequential:
    model = Sequential([Dense(3, "tanh", fan_in=2), Dropout(0.2), Dense(1, "sigmoid")], seed=3)
    model.compile(Adam(0.01), "mse", ["mae"], run_eagerly=True)
    model.fit(X, Y, epochs=2, batch_size=2)
    return model


def dump(model: Sequential) -> Any:
    """All that a model is: parameters, gradients, optimizer, generators, history, names, and what its layers show."""
    step, kept = model.optimizer.state()  # type: ignore[union-attr]
    names = ("x", "net", "out", "delta", "dout", "dx", "mask")
    numbers = (
        [(p.name, p.value, p.grad, p.trainable) for p in model.parameters],
        (step, [kept.get(p) for p in model.parameters]),
        (model.history.epoch, model.history.history),
        [{name: value for name, value in vars(layer).items() if name in names} for layer in model.layers],
    )
    objects = model.optimizer, model.loss, model.metrics, model.history, model.fan_in, model.stop_training
    generators = model.shuffle_rng.getstate(), [layer.random_states for layer in model.layers]
    return copy.deepcopy(numbers), objects, generators, [layer.name for layer in model.layers]


@pytest.fixture
def model() -> Iterator[Sequential]:
    """A trained model; whatever a test does to it must leave it as it is."""
    model = trained()
    before = dump(model)
    yield model
    assert dump(model) == before


def refused(do: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        do()
    message = str(caught.value)
    assert isinstance(caught.value, LayerkitError)
    assert "\n" not in message
    assert len(message) < 400
    assert text in message


# -- x --------------------------------------------------------------------------------------------------------------

BAD_X: dict[str, tuple[Any, type[Exception], str]] = {
    "a number": (5, ArgumentTypeError, "got 5"),
    "nothing": (None, ArgumentTypeError, "got None"),
    "text": ("[[1, 2]]", ArgumentTypeError, "list of rows"),
    "bytes": (b"12", ArgumentTypeError, "list of rows"),
    "a dict": ({"a": [1, 2]}, ArgumentTypeError, "list of rows"),
    "a set": ({(1, 2)}, ArgumentTypeError, "list of rows"),
    "a generator": ((row for row in [[1, 2]]), ArgumentTypeError, "list of rows"),
    "no rows": ([], ShapeError, "empty"),
    "a flat list": ([1.0, 2.0], ShapeError, "flat list of 2 values"),
    "a flat list of text": (["a", "b"], ShapeError, "flat list"),
    "empty rows": ([[], [], []], ShapeError, "row 0 is empty"),
    "too wide": ([[1.0, 2.0, 3.0]], ShapeError, "rows of 2 numbers"),
    "too narrow": ([[1.0]], ShapeError, "1 row of 1 number"),
    "ragged": ([[1.0, 2.0], [1.0]], ShapeError, "row 0 has 2 and row 1 has 1"),
    "a number among rows": ([[1.0, 2.0], 3.0], ShapeError, "row 1 is 3.0"),
    "text as a row": ([[1.0, 2.0], "ab"], ShapeError, "row 1 is 'ab'"),
    "text in a row": ([[1.0, "2.0"]], DataError, "row 0, column 1 is '2.0'"),
    "None in a row": ([[1.0, 2.0], [None, 1.0]], DataError, "row 1, column 0 is None"),
    "a list in a row": ([[1.0, [2.0]]], DataError, "column 1 is [2.0]"),
    "NaN": ([[1.0, NAN]], DataError, "nan; numbers must be finite"),
    "inf": ([[INF, 1.0]], DataError, "inf"),
    "two infinities": ([[INF, -INF]], DataError, "inf"),
    "Decimal NaN": ([[Decimal("NaN"), 1]], DataError, "finite"),
    "a huge int": ([[10**400, 1]], DataError, "too large for a float"),
    "a very huge int": ([[1, 10**6000]], DataError, "too large for a float"),
    "a huge Decimal": ([[Decimal("1e999"), 1]], DataError, "too large"),
    "complex": ([[1j, 1.0]], DataError, "not a number"),
    "an object": ([[object(), 1.0]], DataError, "not a number"),
}
every_bad_x = pytest.mark.parametrize(("x", "error", "text"), BAD_X.values(), ids=BAD_X.keys())


def rows_of_ones(x: Any) -> Any:
    return [1.0] * len(x) if hasattr(x, "__len__") and len(x) else [1.0]


@every_bad_x
@pytest.mark.parametrize("method", ["fit", "train_on_batch", "evaluate", "gradients", "predict", "forward"])
def test_a_bad_x_is_refused(model: Sequential, method: str, x: Any, error: type[Exception], text: str) -> None:
    arguments = (x,) if method in ("predict", "forward") else (x, rows_of_ones(x))
    refused(lambda: getattr(model, method)(*arguments), error, text)


@every_bad_x
def test_a_bad_x_for_validation_is_refused_before_training(
    model: Sequential, x: Any, error: type[Exception], text: str
) -> None:
    refused(lambda: model.fit(X, Y, epochs=3, validation_data=(x, rows_of_ones(x))), error, text)


# -- y --------------------------------------------------------------------------------------------------------------

BAD_Y: dict[str, tuple[Any, type[Exception], str]] = {
    "nothing": (None, ArgumentTypeError, "y is missing"),
    "a number": (1.0, ArgumentTypeError, "got 1.0"),
    "text": ("abc", ArgumentTypeError, "'abc'"),
    "no rows": ([], ShapeError, "empty"),
    "too few": ([[1.0], [0.0]], ShapeError, "got 3 and 2"),
    "too many": ([1, 0, 1, 0], ShapeError, "got 3 and 4"),
    "too wide": ([[1.0, 0.0]] * 3, ShapeError, "row 0 has 2"),
    "ragged": ([[1.0], [0.0, 1.0], [1.0]], ShapeError, "row 1 has 2"),
    "a number among rows": ([[1.0], 0.0, [1.0]], ShapeError, "row 1 is 0.0"),
    "text in it": (["yes", "no", "yes"], DataError, "'yes' and not a number"),
    "None in it": ([1, None, 0], DataError, "None"),
    "NaN": ([1, NAN, 0], DataError, "nan"),
    "inf": ([[1.0], [INF], [0.0]], DataError, "inf"),
    "a huge int": ([1, 10**400, 0], DataError, "too large for a float"),
}


@pytest.mark.parametrize(("y", "error", "text"), BAD_Y.values(), ids=BAD_Y.keys())
@pytest.mark.parametrize("method", ["fit", "train_on_batch", "evaluate", "gradients"])
def test_a_bad_y_is_refused(model: Sequential, method: str, y: Any, error: type[Exception], text: str) -> None:
    refused(lambda: getattr(model, method)(X, y), error, text)


@pytest.mark.parametrize(
    ("loss", "units", "y", "error", "text"),
    [
        ("binary_crossentropy", 1, [0, 2, 1], DataError, "0 to 1"),
        ("hinge", 1, [0, 1, 1], DataError, "-1 or 1"),
        ("categorical_crossentropy", 3, [0, 1, 2], ShapeError, "rows of 3 numbers"),
        ("categorical_crossentropy", 2, [[1, 1]] * 3, DataError, "sum to 1"),
        ("categorical_crossentropy", 1, [1, 1, 1], ShapeError, "one unit for each class"),
        ("sparse_categorical_crossentropy", 3, [0, 1, 3], DataError, "0 to 2"),
        ("sparse_categorical_crossentropy", 3, [0, -1, 1], DataError, "0 to 2"),
        ("sparse_categorical_crossentropy", 3, [0, 0.5, 1], DataError, "0 to 2"),
        ("sparse_categorical_crossentropy", 3, [[1, 0, 0]] * 3, ShapeError, "one class number"),
        ("mse", 3, [[1, 0]] * 3, ShapeError, "rows of 3 numbers"),
    ],
)
def test_a_target_that_the_loss_does_not_take_is_refused(
    loss: str, units: int, y: Any, error: type[Exception], text: str
) -> None:
    model = Sequential([Dense(units, fan_in=2)], seed=1)
    model.compile("sgd", loss)
    before = dump(model)
    for method in (model.fit, model.train_on_batch, model.evaluate, model.gradients):
        refused(lambda method=method: method(X, y), error, text)
    assert dump(model) == before


def test_one_row_of_two_targets_written_flat_is_explained() -> None:
    model = Sequential([Dense(2, fan_in=2)], seed=1)
    model.compile("sgd", "mse")
    refused(lambda: model.fit([[1, 2]], [0, 1]), ShapeError, "write y as [[…]], one row of 2 targets")


# -- the other arguments --------------------------------------------------------------------------------------------

BAD_ARGUMENTS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"epochs": 0}, ArgumentError, "epochs must be at least 1"),
    ({"epochs": -3}, ArgumentError, "epochs must be at least 1"),
    ({"epochs": 2.0}, ArgumentTypeError, "epochs must be a whole number"),
    ({"epochs": True}, ArgumentTypeError, "epochs"),
    ({"epochs": "10"}, ArgumentTypeError, "epochs"),
    ({"epochs": None}, ArgumentTypeError, "epochs"),
    ({"batch_size": 0}, ArgumentError, "batch_size must be at least 1"),
    ({"batch_size": 1.5}, ArgumentTypeError, "batch_size"),
    ({"batch_size": None}, ArgumentTypeError, "batch_size"),
    ({"verbose": "yes"}, ArgumentError, "verbose"),
    ({"verbose": 3}, ArgumentError, "verbose"),
    ({"validation_data": X}, ArgumentTypeError, "pair"),
    ({"validation_data": (X,)}, ArgumentTypeError, "pair"),
    ({"validation_data": 0.2}, ArgumentTypeError, "pair"),
    ({"validation_data": (X, None)}, ArgumentTypeError, "validation_data: y is missing"),
    ({"callbacks": 5}, ArgumentTypeError, "callbacks must be a list"),
    ({"callbacks": ["loss"]}, ArgumentTypeError, "callback"),
    ({"callbacks": [Adam]}, ArgumentTypeError, "callback"),
]


@pytest.mark.parametrize(("arguments", "error", "text"), BAD_ARGUMENTS)
def test_a_fit_with_impossible_arguments_is_refused(
    model: Sequential, arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    refused(lambda: model.fit(X, Y, **arguments), error, text)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("adm",), UnknownNameError, "did you mean 'adam'"),
        (("no such thing",), UnknownNameError, "Known: adagrad, adam"),
        ((5,), ArgumentTypeError, "Optimizer"),
        (("adam", "mean_square_error"), UnknownNameError, "did you mean 'mean_squared_error'"),
        (("adam", 5), ArgumentTypeError, "Loss"),
        (("adam", "mse", "accuracy"), ArgumentTypeError, "list"),
        (("adam", "mse", ["acc", 5]), UnknownNameError, "metric"),
        (("adam", "mse", [5]), ArgumentTypeError, "metric"),
    ],
)
def test_an_impossible_compile_is_refused(model: Sequential, arguments: Any, error: type[Exception], text: str) -> None:
    refused(lambda: model.compile(*arguments), error, text)


@pytest.mark.parametrize(
    ("dout", "error", "text"),
    [
        ([[1.0]], ShapeError, "dout must have 2 rows"),
        ([[1.0, 2.0], [1.0, 2.0]], ShapeError, "dout must be rows of 1 number"),
        ([1.0, 2.0], ShapeError, "flat list"),
        (None, ArgumentTypeError, "dout"),
        ([["a"], [1.0]], DataError, "dout"),
        ([[NAN], [1.0]], DataError, "finite"),
    ],
)
def test_a_gradient_that_does_not_fit_the_last_batch_is_refused(dout: Any, error: type[Exception], text: str) -> None:
    model = trained()
    model.forward(X[:2])
    before = dump(model)
    refused(lambda: model.backward(dout), error, text)
    assert dump(model) == before


def test_backward_before_forward_and_fit_before_compile_are_refused() -> None:
    model = Sequential([Dense(1, fan_in=2)])
    refused(lambda: model.backward([[1.0]]), OrderError, "call forward first")
    refused(lambda: model.fit(X, Y), OrderError, "call compile(optimizer, loss) first")
    model.compile("sgd")
    refused(lambda: model.fit(X, Y), OrderError, "without a loss")


@pytest.mark.parametrize("rate", [-0.1, NAN, INF, "0.1", None, True])
def test_a_rate_that_cannot_be_leaves_the_old_one(rate: Any) -> None:
    optimizer = SGD(0.5)
    with pytest.raises((ArgumentError, ArgumentTypeError)):
        optimizer.learning_rate = rate
    assert optimizer.learning_rate == 0.5


def test_a_repr_of_many_lines_stays_one_line() -> None:
    class Tall:
        def __repr__(self) -> str:
            return "array([[1, 2],\n       [3, 4]])"

    tall: Any = Tall()
    attempts: list[Any] = [
        lambda: Sequential(tall), lambda: Sequential([tall]), lambda: trained().compile(tall),
        lambda: trained().compile("sgd", tall), lambda: trained().compile("sgd", "mse", tall),
        lambda: trained().compile("sgd", "mse", [tall]), lambda: trained().fit(tall, Y), lambda: trained().fit(X, tall),
        lambda: trained().fit([[tall, 1.0]], [1.0]), lambda: trained().fit(X, Y, epochs=tall),
        lambda: trained().fit(X, Y, verbose=tall), lambda: trained().fit(X, Y, callbacks=tall),
        lambda: trained().fit(X, Y, callbacks=[tall]), lambda: Dense(tall), lambda: Dense(1, tall),
        lambda: Dense(1, weight=tall), lambda: Dense(1, bias=tall), lambda: Dense(1, kernel_initializer=tall),
        lambda: SGD(tall), lambda: Dropout(tall), lambda: Dense(1, fan_in=1).forward(tall),
    ]  # fmt: skip
    for attempt in attempts:
        with pytest.raises(LayerkitError) as caught:
            attempt()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("layer", [Dense(2, "tanh", fan_in=2), ActivationLayer("sigmoid")])
@pytest.mark.parametrize("entry", ["a", None, [1.0]])
def test_a_layer_given_something_else_than_numbers_says_where_it_is(layer: Layer, entry: Any) -> None:
    with pytest.raises(DataError) as caught:
        layer.forward([[1.0, 2.0], [1.0, entry]])
    assert "x row 1, column 1 is" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert layer.x is None
    assert layer.out is None
