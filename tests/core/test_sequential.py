"""The model as a whole: building, using, looking, and the Keras program that must run as it is."""

from __future__ import annotations

import copy
import random
from array import array
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

import layerkit
from layerkit import (
    SGD,
    ArgumentError,
    ArgumentTypeError,
    Dense,
    Dropout,
    Input,
    InputLayer,
    Layer,
    NotDifferentiableError,
    NumericsError,
    OrderError,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
    UnknownNameError,
)

XOR_X, XOR_Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]


def worked() -> Sequential:
    """The worked 2-2-2 network: weights .15 … .30 and .40 … .55, biases .35 and .60."""
    layers = [
        Dense(2, "sigmoid", weight=[[0.15, 0.20], [0.25, 0.30]], bias=[0.35, 0.35]),
        Dense(2, "sigmoid", weight=[[0.40, 0.45], [0.50, 0.55]], bias=[0.60, 0.60]),
    ]
    model = Sequential(layers, seed=1)
    model.compile(SGD(0.5), "half_squared_error")
    return model


def shown(model: Sequential) -> list[Any]:
    return [
        copy.deepcopy({name: value for name, value in vars(layer).items() if name in
                       ("x", "out", "dout", "dx", "net", "delta", "mask")})
        for layer in model.layers
    ]  # fmt: skip


# -- building -------------------------------------------------------------------------------------------------------


def test_the_width_comes_from_an_input_the_first_layer_or_the_first_data() -> None:
    for first in (Input(3), InputLayer(input_shape=(3))):
        model = Sequential([first, Dense(2)])
        assert (model.fan_in, model.parameters[0].shape) == (3, (2, 3))
    assert Sequential([Dense(2, fan_in=3)]).parameters[0].shape == (2, 3)
    late = Sequential([Dense(2), Dense(1)])
    assert (late.fan_in, late.parameters) == (None, [])
    late.predict([[1.0, 2.0, 3.0]])
    assert [parameter.shape for parameter in late.parameters] == [(2, 3), (2,), (1, 2), (1,)]


def test_weights_do_not_depend_on_when_the_width_became_known() -> None:
    early, late = Sequential([Input(3), Dense(2), Dense(1)], seed=7), Sequential([Dense(2), Dense(1)], seed=7)
    late.predict([[1.0, 2.0, 3.0]])
    assert [p.value for p in early.parameters] == [p.value for p in late.parameters]


def test_layers_and_parameters_get_names_that_tell_them_apart() -> None:
    model = Sequential([Dense(2, fan_in=3), Sigmoid(), Dense(2, name="out"), Softmax(), Dense(1)])
    assert [layer.name for layer in model.layers] == ["dense_1", "activation_1", "out", "softmax_1", "dense_2"]
    assert [parameter.name for parameter in model.parameters] == [
        "dense_1.weight", "dense_1.bias", "out.weight", "out.bias", "dense_2.weight", "dense_2.bias"
    ]  # fmt: skip


def test_a_seed_makes_equal_models_and_none_draws_one_that_is_kept() -> None:
    def weights(seed: int | None) -> Any:
        model = Sequential([Dense(4, fan_in=3)], seed=seed)
        return model.seed, model.parameters[0].value

    assert weights(3) == weights(3)
    assert weights(3) != weights(4)
    seed, drawn = weights(None)
    assert weights(seed) == (seed, drawn)


def test_two_layers_of_one_shape_get_different_weights() -> None:
    model = Sequential([Input(3), Dense(3), Dense(3)], seed=1)
    assert model.parameters[0].value != model.parameters[2].value


def test_building_training_and_predicting_leave_the_global_generator_alone() -> None:
    random.seed(99)
    before = random.getstate()
    model = Sequential([Dropout(0.2), Dense(3, "tanh"), Dense(1)], seed=1)
    model.compile("adam", "mse")
    model.fit(XOR_X, XOR_Y, epochs=3)
    model.predict(XOR_X)
    assert random.getstate() == before


def test_data_that_do_not_fit_leave_an_unbuilt_model_unbuilt() -> None:
    model = Sequential([Dense(2, "relu"), Dense(1)], seed=1)
    model.compile("sgd", "mse")
    attempts: list[Any] = [
        lambda: model.fit([[1, 2]], [[1, 2]]),
        lambda: model.fit([[1, 2]], [1, 2]),
        lambda: model.fit([[1, 2]]),
        lambda: model.fit([[1, 2]], [1], validation_data=([[1, 2, 3]], [1])),
        lambda: model.fit([[1, 2]], [1], verbose="loud"),
        lambda: model.evaluate([[1, 2]], [["a"]]),
        lambda: model.gradients([[1, 2]], [None]),
        lambda: model.train_on_batch([[1, 2]], []),
    ]
    for attempt in attempts:
        with pytest.raises(layerkit.LayerkitError):
            attempt()
        assert (model.fan_in, model.parameters) == (None, [])
        assert [(layer.fan_in, layer.name) for layer in model.layers] == [(None, None)] * 2
    model.fit([[1, 2, 3]], [1])
    assert model.fan_in == 3


def test_layers_that_do_not_fit_each_other_leave_the_model_unbuilt() -> None:
    model = Sequential([Dense(3), Dense(1, weight=[[1.0, 2.0]])])
    for _ in range(2):
        with pytest.raises(ShapeError, match="layer before gives 3"):
            model.predict([[1.0] * 5])
    assert model.layers[0].fan_in is None


# -- forward, backward, gradients -----------------------------------------------------------------------------------


def test_the_worked_network_forward() -> None:
    # the published numbers, to all digits that are printed there
    model = worked()
    assert model([[0.05, 0.10]])[0] == pytest.approx([0.75136507, 0.772928465], abs=5e-10)
    assert model.layers[0].out[0] == pytest.approx([0.593269992, 0.596884378], abs=5e-10)
    assert model.evaluate([[0.05, 0.10]], [[0.01, 0.99]]) == pytest.approx(0.298371109, abs=5e-10)


def test_the_worked_network_after_one_update() -> None:
    model = worked()
    for parameter in model.parameters:
        parameter.trainable = parameter.is_matrix
    model.train_on_batch([[0.05, 0.10]], [[0.01, 0.99]])
    first, biases, second, _ = (parameter.value for parameter in model.parameters)
    assert second[0] == pytest.approx([0.35891648, 0.408666186], abs=5e-10)
    assert second[1] == pytest.approx([0.511301270, 0.561370121], abs=5e-10)
    assert first[0] == pytest.approx([0.149780716, 0.19956143], abs=5e-9)
    assert first[1] == pytest.approx([0.24975114, 0.29950229], abs=5e-9)
    assert biases == [0.35, 0.35]


def test_gradients_are_a_gradient_tape_by_parameter_name() -> None:
    # y = 3 (2 x + 1) − 1 at x = 1, 2: 8, 14; E = mean of (y − t)², t = 7, 14: dE/dy = 1, 0
    model = Sequential([Dense(1, weight=[[2.0]], bias=[1.0]), Dense(1, weight=[[3.0]], bias=[-1.0])])
    model.compile("sgd", "mse")
    assert model.gradients([[1], [2]], [7, 14]) == {
        "dense_1.weight": [[3.0]],
        "dense_1.bias": [3.0],
        "dense_2.weight": [[3.0]],
        "dense_2.bias": [1.0],
    }


def test_gradients_update_nothing_and_show_what_they_saw() -> None:
    model = worked()
    before = [parameter.value for parameter in model.parameters]
    found = model.gradients([[0.05, 0.10]], [[0.01, 0.99]])
    assert [parameter.value for parameter in model.parameters] == before
    assert {parameter.name: parameter.grad for parameter in model.parameters} == found
    assert model.layers[1].dout[0] == pytest.approx([0.74136507, -0.217071535], abs=5e-10)
    assert model.optimizer is not None
    assert model.optimizer.step == 0


def test_sequential_backward_goes_all_the_way_to_the_input() -> None:
    model = Sequential([Dense(2, weight=[[1.0, 2.0], [3.0, 4.0]]), Dense(1, weight=[[10.0, 1.0]])])
    model.forward([[1.0, 1.0]])
    assert model.backward([[1.0]]) == [[13.0, 24.0]]
    assert model.layers[0].dx == [[13.0, 24.0]]


@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy"])
@pytest.mark.parametrize("make", [lambda: [Dense(2), Dense(1, "sigmoid")], lambda: [Dense(1, "sigmoid")]])
def test_training_does_not_compute_the_first_layers_dx_and_keeps_no_old_one(make: Any, loss: str) -> None:
    model = Sequential(make(), seed=1)
    model.compile("sgd", loss, run_eagerly=True)
    model.forward(XOR_X)
    model.backward([[1.0]] * 4)
    assert model.layers[0].dx is not None
    model.fit(XOR_X, XOR_Y)
    assert model.layers[0].dx is None
    assert model.layers[0].x is not None
    assert all(layer.dx is not None for layer in model.layers[1:])


def test_before_any_batch_every_layer_shows_none() -> None:
    model = Sequential([Dense(2, "tanh", fan_in=2), Dense(1)])
    for layer in model.layers:
        assert (layer.x, layer.net, layer.out, layer.dout, layer.dx) == (None,) * 5  # type: ignore[attr-defined]


def test_predict_and_evaluate_touch_nothing_that_the_layers_show() -> None:
    model = Sequential([Dense(2, "tanh", fan_in=2), Dropout(0.5), Sigmoid(), Dense(1, "sigmoid")], seed=1)
    model.compile("sgd", "binary_crossentropy", ["accuracy"], run_eagerly=True)
    model.predict(XOR_X)
    model.evaluate(XOR_X, XOR_Y)
    assert all(layer.out is None and layer.x is None for layer in model.layers)
    model.fit(XOR_X, XOR_Y, batch_size=2)
    before, grads = shown(model), copy.deepcopy([p.grad for p in model.parameters])
    activation = model.layers[0].activation  # type: ignore[attr-defined]
    owned = copy.deepcopy((activation.x, activation.out, activation.dout, activation.dx))
    states = [layer.random_states for layer in model.layers]
    model.predict([[5.0, 5.0]])
    model.evaluate([[5.0, 5.0]], [1])
    assert shown(model) == before
    assert [p.grad for p in model.parameters] == grads
    assert (activation.x, activation.out, activation.dout, activation.dx) == owned
    assert [layer.random_states for layer in model.layers] == states


def test_a_step_unit_predicts_but_is_not_trained_by_gradient_descent() -> None:
    model = Sequential([Dense(1, "step", weight=[[1.0, 1.0]], bias=[-1.5])])
    model.compile("sgd", "mse")
    assert model.predict(XOR_X) == [[0.0], [0.0], [0.0], [1.0]]  # AND
    for attempt in (model.fit, model.gradients, model.train_on_batch):
        with pytest.raises(NotDifferentiableError, match="perceptron rule"):
            attempt(XOR_X, XOR_Y)


def test_evaluate_gives_the_loss_or_a_list_or_a_dict() -> None:
    model = Sequential([Dense(1, weight=[[1.0, 1.0]])])
    model.compile("sgd", "mse")
    assert model.evaluate(XOR_X, XOR_Y) == 1.0  # off by 2 in one row of four
    model.compile("sgd", "mse", ["mae", "accuracy"])
    assert model.evaluate(XOR_X, XOR_Y) == [1.0, 0.5, 0.75]
    assert model.evaluate(XOR_X, XOR_Y, return_dict=True) == {"loss": 1.0, "mae": 0.5, "accuracy": 0.75}


# -- what can go in -------------------------------------------------------------------------------------------------


class Columns:
    """Stands for a numpy array, a pandas column or a tensor."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def tolist(self) -> Any:
        return self.rows


@pytest.mark.parametrize(
    "x",
    [
        [[1, 2], [3, 4]],
        ((1.0, 2.0), (3.0, 4.0)),
        [array("d", [1, 2]), array("f", [3, 4])],
        [memoryview(array("d", [1, 2])), [3, 4]],
        Columns([[1, 2], [3, 4]]),
        [range(1, 3), range(3, 5)],
        [[True, 2], [3, Fraction(4)]],
        [[Decimal(1), 2], [3, Decimal("4.0")]],
    ],
)
def test_inputs_are_any_sequences_of_numbers(x: Any) -> None:
    model = Sequential([Dense(1, weight=[[10.0, 1.0]], bias=[0.5])])
    assert model.predict(x) == [[12.5], [34.5]]
    model.compile("sgd", "mse")
    assert model.evaluate(x, Columns([12.5, 34.5])) == 0.0
    assert model.evaluate(x, [[Decimal("12.5")], [Fraction(69, 2)]]) == 0.0


def test_what_is_passed_in_is_never_changed() -> None:
    x, y = [[0.0, 1.0], [1.0, 0.0]], [[1.0], [0.0]]
    model = Sequential([Dense(2, "relu"), Dense(1)], seed=1)
    model.compile("adam", "mse")
    model.fit(x, y, epochs=3, validation_data=(x, y))
    model.gradients(x, y)
    model.backward([[1.0], [1.0]])
    assert (x, y) == ([[0.0, 1.0], [1.0, 0.0]], [[1.0], [0.0]])


def test_what_beginners_type_works() -> None:
    model = Sequential([Dense(8, "tanh"), Dense(1, "sigmoid")], seed=3)
    model.compile(layerkit.Adam(0.05), "binary_crossentropy", ["accuracy"])
    history = model.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], epochs=300)
    assert history.history["accuracy"][-1] == 1.0
    assert [round(row[0]) for row in model.predict(XOR_X)] == [0, 1, 1, 0]


def test_xor_is_learned_by_a_2_2_1_network_from_some_seed() -> None:
    solved = []
    for seed in range(1, 5):
        model = Sequential([Dense(2, "sigmoid", fan_in=2), Dense(1, "sigmoid")], seed=seed)
        model.compile(SGD(3.0), "half_squared_error")
        model.fit(XOR_X, XOR_Y, epochs=1500, batch_size=4, shuffle=False)
        solved.append([round(row[0]) for row in model.predict(XOR_X)] == XOR_Y)
    assert any(solved)


# -- the Keras program ----------------------------------------------------------------------------------------------


def keras_model() -> Sequential:
    # The program of the lesson, with layerkit in place of tf.keras.
    model = layerkit.models.Sequential()
    model.add(layerkit.layers.InputLayer(input_shape=(100)))
    model.add(layerkit.layers.Dense(10))
    model.add(layerkit.layers.Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy")
    return model


def test_the_keras_program_runs(capsys: Any) -> None:
    model = keras_model()
    model.summary()
    printed = capsys.readouterr().out
    # 100 · 10 + 10 weights and biases, then 10 + 1
    assert "1010" in printed
    assert "11" in printed
    assert "1021 parameters, 1021 trained, 0 fixed" in printed
    rng = Random(1)
    xs = [[rng.random() for _ in range(100)] for _ in range(100)]
    ys = [[float(round(rng.random()))] for _ in range(100)]
    history = model.fit(xs, ys)
    assert list(history.history) == ["loss"]
    assert 0.3 < history.history["loss"][0] < 3.0
    w = model.trainable_weights
    assert [parameter.shape for parameter in w] == [(10, 100), (10,), (1, 10), (1,)]
    gradients = model.gradients(xs, ys)
    assert list(gradients) == [parameter.name for parameter in w]
    # dE/db of the sigmoid unit under its cross-entropy is the mean of out − target
    out = model(xs)
    assert gradients["dense_2.bias"][0] == pytest.approx(sum(o[0] - y[0] for o, y in zip(out, ys)) / 100)


def test_the_data_of_the_keras_program_do_not_fit_and_the_error_says_why() -> None:
    rows = [[0.5] * 10 for _ in range(100)]
    with pytest.raises(ShapeError) as caught:
        keras_model().fit(rows, [[1.0]] * 100)
    message = str(caught.value)
    assert "rows of 100 numbers" in message
    assert "100 rows of 10 numbers" in message
    assert "Input(10)" in message
    assert "\n" not in message


# -- looking --------------------------------------------------------------------------------------------------------


def test_summary_of_a_model_whose_width_is_not_known_says_so() -> None:
    text = Sequential([Dense(2, "relu"), Dropout(0.5)], name="small").summary_text()
    assert "'small'" in text
    assert "drawn when the width" in text
    assert "relu" in text


def test_summary_of_an_empty_model_is_no_error() -> None:
    assert "0 parameters" in Sequential([Input(2)]).summary_text() or "drawn" in Sequential([Input(2)]).summary_text()


def test_reprs_are_short() -> None:
    model = worked()
    assert repr(model) == "<Sequential of 2 layers, 12 parameters>"
    assert repr(model.parameters[0]) == "<Parameter dense_1.weight 2×2>"
    assert repr(Dropout(0.5)) == "Dropout(rate=0.5)"


# -- order ----------------------------------------------------------------------------------------------------------

BAD: list[tuple[Any, type[Exception], str]] = [
    (lambda: Sequential(5), ArgumentTypeError, "list of layers"),  # type: ignore[arg-type]
    (lambda: Sequential(Dense(1)), ArgumentTypeError, "list"),  # type: ignore[arg-type]
    (lambda: Sequential("relu"), ArgumentTypeError, "list"),  # type: ignore[arg-type]
    (lambda: Sequential([Dense]), ArgumentTypeError, "Dense(...)"),  # type: ignore[list-item]
    (lambda: Sequential(["relu"]), ArgumentTypeError, "layer object"),  # type: ignore[list-item]
    (lambda: Sequential([Dense(1), Input(2)]), OrderError, "first"),
    (lambda: Sequential([Input(2), Input(2)]), OrderError, "first"),
    (lambda: Sequential([layer := Dense(2, fan_in=2), layer]), ArgumentError, "already"),
    (lambda: Sequential([Dense(2, name="a"), Dense(2, name="a")]), ArgumentError, "another layer has this name"),
    (lambda: Sequential([Input(2), Dense(1, fan_in=3)]), ShapeError, "Fix: leave fan_in out, or set it to 2"),
    (lambda: Sequential([Dense(2, fan_in=2), Dense(1, weight=[[1.0]])]), ShapeError, "layer before gives 2"),
    (lambda: Sequential(seed=-1), ArgumentError, "seed"),
    (lambda: Sequential(seed=1.5), ArgumentTypeError, "seed"),  # type: ignore[arg-type]
    (lambda: Sequential().predict([[1.0]]), OrderError, "no layers"),
    (lambda: Sequential().backward([[1.0]]), OrderError, "no layers"),
    (lambda: Sequential([Dense(1)]).units, OrderError, "not built"),
    (lambda: Sequential([Dense(1, fan_in=1)]).backward([[1.0]]), OrderError, "call forward first"),
    (lambda: Sequential([Dense(1, fan_in=1)]).fit([[1.0]], [1.0]), OrderError, "compile"),
    (lambda: Sequential([Dense(1, fan_in=1)]).evaluate([[1.0]], [1.0]), OrderError, "compile"),
    (lambda: Sequential([Dense(1, fan_in=1)]).gradients([[1.0]], [1.0]), OrderError, "compile"),
    (lambda: Sequential([Dense(1, fan_in=1)]).compile("sdg"), UnknownNameError, "did you mean 'sgd'"),
    (lambda: Sequential([Dense(1, fan_in=1)]).compile("sgd", "msee"), UnknownNameError, "did you mean 'mse'"),
    (lambda: Sequential([Dense(1, fan_in=1)]).compile("sgd", "mse", "mae"), ArgumentTypeError, "list"),
    (lambda: Sequential([Dense(1, fan_in=1)]).compile("sgd", "mse", ["mea"]), UnknownNameError, "did you mean"),
]


@pytest.mark.parametrize(("do", "error", "text"), BAD)
def test_a_model_that_cannot_be_is_refused_in_one_line(do: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        do()
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_refused_layer_leaves_the_chain_as_it_was() -> None:
    model = Sequential([Dense(2, fan_in=3)], seed=1)
    for wrong in (model.layers[0], Dense(1, fan_in=9), "relu", Input(3), Dense(1, name="dense_1")):
        with pytest.raises(layerkit.LayerkitError):
            model.add(wrong)  # type: ignore[arg-type]
    assert [layer.name for layer in model.layers] == ["dense_1"]
    assert model.units == 2


def test_a_refused_compile_leaves_the_model_compiled_as_before() -> None:
    model = worked()
    before = model.optimizer, model.loss, model.metrics
    for arguments in (("adm", "mse"), ("adam", "msee"), ("adam", "mse", ["nothing"])):
        with pytest.raises(UnknownNameError):
            model.compile(*arguments)
    assert (model.optimizer, model.loss, model.metrics) == before


def test_numbers_beyond_a_float_are_one_numerics_error_that_names_the_layer() -> None:
    model = Sequential([Dense(1, weight=[[1e300]]), Dense(1, weight=[[1e300]])])
    for use in (model.predict, model.forward):
        with pytest.raises(NumericsError, match=r"Dense 'dense_2': net is inf"):
            use([[1e8]])


def test_a_division_by_zero_in_a_function_of_ones_own_is_a_numerics_error_too() -> None:
    model = Sequential([Dense(1, lambda x: 1 / x, weight=[[1.0]])])
    model.compile("sgd", "mse")
    for attempt in (lambda: model.predict([[0.0]]), lambda: model.evaluate([[0.0]], [1]),
                    lambda: model.gradients([[0.0]], [1])):  # fmt: skip
        with pytest.raises(NumericsError, match="Dense 'dense_1'"):
            attempt()


def test_a_gradient_beyond_a_float_is_one_numerics_error_that_names_the_parameter() -> None:
    model = Sequential([Dense(1, weight=[[0.0]], bias=[1e150])])
    model.compile("sgd", "half_squared_error")
    with pytest.raises(NumericsError, match=r"dense_1\.weight"):
        model.gradients([[1e200]], [0.0])


def test_a_sequential_is_found_under_models_too(tmp_path: Path) -> None:
    assert layerkit.models.Sequential is Sequential
    assert layerkit.models.load_model is layerkit.load_model
    assert issubclass(layerkit.layers.Dense, Layer)
