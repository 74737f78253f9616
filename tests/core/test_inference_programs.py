"""Using a model by a program: predict and evaluate for many rows, predictor for one."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

from layerkit import (
    SGD,
    Activation,
    ActivationLayer,
    Dense,
    Dropout,
    Input,
    Layer,
    Loss,
    NumericsError,
    OrderError,
    RecordingError,
    Sequential,
    Softmax,
    activations,
)
from layerkit.training import choice
from layerkit.training.program import ForwardProgram, Predictor

MANY = choice.ROWS_WORTH_A_PROGRAM


@pytest.fixture(autouse=True)
def programs_on_every_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "LIMITS", dict.fromkeys(choice.LIMITS, (10**6, 10**6)))


def rows(count: int, width: int = 2) -> list[list[float]]:
    rng = Random(3)
    return [[rng.uniform(-2, 2) for _ in range(width)] for _ in range(count)]


def network(*layers: Layer, eagerly: bool = False, loss: str = "mse", metrics: Any = ()) -> Sequential:
    given = layers or (Dense(3, "tanh"), Dropout(0.5), Dense(2, "sigmoid"))
    model = Sequential([Input(2), *given], seed=4)
    model.compile(SGD(0.1), loss, metrics=metrics, run_eagerly=eagerly)
    return model


def by_layers(model: Sequential, x: Any) -> list[list[float]]:
    """Row by row, which no program does."""
    return [list(model.predict([row])[0]) for row in x]


def close(a: Any, b: Any) -> bool:
    return all(list(one) == pytest.approx(list(other), rel=1e-12, abs=1e-15) for one, other in zip(a, b))


# -- many rows --------------------------------------------------------------------------------------------------------


def test_five_hundred_rows_are_predicted_by_a_program_and_fewer_by_the_layers() -> None:
    model, x = network(), rows(MANY)
    few = model.predict(x[:-1])
    assert model.programs == {}
    many = model.predict(x)
    assert [type(program) for program in model.programs.values()] == [ForwardProgram]
    assert close(many, few)
    assert close(many, by_layers(model, x))
    assert [type(row) for row in many[:2]] == [list, list]


@pytest.mark.parametrize("name", [*activations(), "softmax"])
def test_every_activation_predicts_the_same_by_a_program(name: str) -> None:
    model, x = network(Dense(3, name), Dense(2, name)), rows(MANY)
    assert close(model.predict(x), by_layers(model, x))
    assert len(model.programs) == 1


@pytest.mark.parametrize("metrics", [(), ("mae", "r2")])
def test_evaluate_is_that_of_the_layers(metrics: Any) -> None:
    x = rows(MANY)
    y = [[row[0] / 2, row[1] * row[0] / 4] for row in x]
    model, eager = network(metrics=metrics), network(eagerly=True, metrics=metrics)
    assert model.evaluate(x, y) == pytest.approx(eager.evaluate(x, y), rel=1e-12)
    assert model.evaluate(x, y, return_dict=True) == pytest.approx(eager.evaluate(x, y, return_dict=True), rel=1e-12)
    assert (len(model.programs), eager.programs) == (1, {})


def test_a_paired_loss_is_evaluated_on_the_logits_without_clipping() -> None:
    # One logit of 40 against the right class: the loss is 40 by the logits, log(1e7) = 16.1 with clipped probabilities.
    model = Sequential([Dense(2, "softmax", weight=[[40.0], [0.0]], bias=[0.0, 0.0])])
    model.compile("sgd", "categorical_crossentropy")
    assert model.evaluate([[1.0]] * MANY, [[0, 1]] * MANY) == pytest.approx(40, rel=1e-12)
    assert len(model.programs) == 1


def test_validation_of_many_rows_is_that_of_the_layers() -> None:
    x = rows(MANY)
    y = [[0.5, 0.25]] * MANY
    histories = []
    for eagerly in (True, False):
        model = network(eagerly=eagerly, metrics=["mae"])
        histories.append(model.fit(x[:10], y[:10], epochs=3, validation_data=(x, y), verbose=0).history)
    assert list(histories[0]) == list(histories[1]) == ["loss", "mae", "val_loss", "val_mae"]
    for name, values in histories[0].items():
        assert histories[1][name] == pytest.approx(values, rel=1e-12)


def test_a_program_is_made_once_and_reads_the_weights_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Counted(ForwardProgram):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            made.append(self)
            super().__init__(*arguments, **options)

    monkeypatch.setattr(choice, "ForwardProgram", Counted)
    model, x = network(), rows(MANY)
    before = model.predict(x)
    model.fit(x[:8], [[0.0, 1.0]] * 8, epochs=5, verbose=0)
    after = model.predict(x)
    assert not close(before, after)
    assert close(after, by_layers(model, x))
    assert len(made) == 1
    model.evaluate(x, [[0.0, 1.0]] * MANY)
    model.evaluate(x, [[0.0, 1.0]] * MANY)
    assert len(made) == 2
    model.layers[0].activation = ActivationLayer("elu")  # type: ignore[attr-defined]
    assert close(model.predict(x), by_layers(model, x))
    assert len(made) == 3


def test_prediction_does_not_depend_on_how_the_model_is_compiled() -> None:
    model = Sequential([Dense(2, "tanh", fan_in=2)], seed=1)
    x = rows(MANY)
    first = model.predict(x)
    model.compile("adam", "mse")
    assert model.predict(x) == first
    assert len(model.programs) == 1


def test_what_the_layers_show_stays_as_it_is() -> None:
    model, x = network(), rows(MANY)
    model.forward(x[:3])
    shown = [(layer.x, layer.out) for layer in model.layers]
    model.predict(x)
    model.evaluate(x, [[0.0, 1.0]] * MANY)
    assert all(a is layer.x and b is layer.out for (a, b), layer in zip(shown, model.layers))


def test_dropout_draws_nothing() -> None:
    model, x = network(), rows(MANY)
    before = model.layers[1].random_states
    model.predict(x)
    assert model.layers[1].random_states == before


@pytest.mark.parametrize("use", ["predict", "evaluate"])
def test_what_is_not_finite_is_the_layers_error_which_names_the_layer(use: str) -> None:
    model = Sequential([Dense(1, weight=[[1e300]], bias=[0.0]), Dense(1, weight=[[1e300]], bias=[0.0])])
    model.compile("sgd", "mse")
    x = [[0.0]] * MANY + [[1.0]]
    assert model.predict(x[:-1]) == [[0.0]] * MANY
    with pytest.raises(NumericsError) as caught:
        model.predict(x) if use == "predict" else model.evaluate(x, [[0.0]] * len(x))
    if use == "predict":
        assert str(caught.value).startswith("predict: Dense 'dense_2': net is inf. ")


def test_a_net_input_that_is_not_a_number_is_found_behind_relu() -> None:
    model = Sequential([Dense(1, "relu", weight=[[1e200, -1e200]], bias=[0.0])])
    assert model.predict([[0.0, 0.0]] * MANY) == [[0.0]] * MANY
    assert len(model.programs) == 1
    with pytest.raises(NumericsError, match="net is nan"):
        model.predict([[1e200, 1e200]] * MANY)


def test_a_model_of_fractions_stays_exact() -> None:
    model = Sequential([Dense(1, weight=[[Fraction(1, 3)]], bias=[Fraction(0)])])
    assert model.predict([[1]] * MANY) == [[Fraction(1, 3)]] * MANY
    assert model.programs == {}


# -- layers of somebody else ------------------------------------------------------------------------------------------


class Plus(Layer):
    def forward(self, x: Any, *, training: bool = False) -> Any:
        shift = self.shift(x)
        return [[a + s for a, s in zip(row, shift)] for row in x]

    def shift(self, x: Any) -> list[Any]:
        raise NotImplementedError


class Centred(Plus):
    def shift(self, x: Any) -> list[Any]:
        return [-sum(column) / len(x) for column in zip(*x)]


class Noisy(Plus):
    def __init__(self) -> None:
        self.generator = Random(6)

    def shift(self, x: Any) -> list[Any]:
        return [self.generator.random()] * len(x[0])


class CommonNoise(Plus):
    def shift(self, x: Any) -> list[Any]:
        return [random.random()] * len(x[0])


class Branching(Plus):
    def shift(self, x: Any) -> list[Any]:
        return [1.0 if x[0][0] > 0 else 2.0] * len(x[0])


class Switched(Plus):
    level = 0.5

    def shift(self, x: Any) -> list[Any]:
        return [self.level] * len(x[0])


@pytest.mark.parametrize("layer", [Centred, Noisy, CommonNoise, Branching])
def test_what_cannot_be_a_program_is_done_by_the_layers_to_the_same_bits(layer: Callable[[], Layer]) -> None:
    results = []
    for eagerly in (True, False):
        random.seed(9)
        model = network(Dense(2, "tanh"), layer(), eagerly=eagerly)
        x = rows(MANY)
        results.append([model.predict(x), model.evaluate(x, [[0.0, 0.5]] * MANY), model.predict(x)])
    assert results[0] == results[1]


def test_a_layer_of_plain_arithmetic_is_recorded_and_its_settings_are_looked_at_each_time() -> None:
    layer = Switched()
    model, x = network(Dense(2, "tanh"), layer), rows(MANY)
    low = model.predict(x)
    assert [type(program) for program in model.programs.values()] == [ForwardProgram]
    layer.level = 1.5
    assert close(model.predict(x), [[value + 1 for value in row] for row in low])


def test_a_loss_that_is_no_mean_over_rows_is_measured_by_the_layers() -> None:
    class Worst(Loss):
        name = "worst"

        def measure(self, predicted: Any, target: Any, *, from_logits: bool = False) -> Any:
            return max(abs(a - b) for p, t in zip(predicted, target) for a, b in zip(p, t))

    model, x = network(), rows(MANY)
    model.compile("sgd", Worst())
    assert model.evaluate(x, [[0.0, 0.0]] * MANY) == max(value for row in model.predict(x) for value in row)


def test_a_function_that_cannot_be_recorded_is_called_for_each_row() -> None:
    calls: list[float] = []
    activation = Activation("sine", lambda x: calls.append(x) or math.sin(x), lambda x, out: math.cos(x))
    model, x = network(Dense(2, activation)), rows(MANY)
    wanted = by_layers(model, x)
    assert close(model.predict(x), wanted)
    calls.clear()
    assert close(model.predict(x), wanted)
    assert len(calls) == 2 * MANY


def test_with_strict_a_built_in_that_cannot_be_recorded_raises_and_without_it_users_never_see_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*arguments: Any, **options: Any) -> Any:
        raise RecordingError("broken")

    monkeypatch.setattr(choice, "ForwardProgram", broken)
    model, x = network(), rows(MANY)
    with pytest.raises(RecordingError, match="broken"):
        model.predict(x)
    monkeypatch.delenv("LAYERKIT_STRICT")
    assert close(model.predict(x), by_layers(model, x))
    assert model.evaluate(x, [[0.0, 0.5]] * MANY) > 0


# -- one row ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*activations(), "softmax", None])
def test_the_predictor_is_predict_for_one_row(name: str | None) -> None:
    model = network(Dense(3, name), Dropout(0.5), Dense(2, name))
    predict = model.predictor()
    for row in rows(20):
        assert close([predict(row)], model.predict([row]))
        assert predict(tuple(row)) == predict(row)
        assert type(predict(row)) is list


def test_a_predictor_keeps_the_weights_of_its_moment() -> None:
    model = Sequential([Dense(1, weight=[[1.0, 2.0]], bias=[0.5])])
    predict = model.predictor()
    model.parameters[0].value = [[10.0, 20.0]]
    assert predict([3.0, 4.0]) == [11.5]
    assert model.predictor()([3.0, 4.0]) == [110.5]


def test_a_predictor_of_layers_that_only_pass_on_is_right_too() -> None:
    model = Sequential([Input(3), ActivationLayer("linear"), Dropout(0.5)])
    assert model.predictor()([1.0, 2.0, 3.0]) == [1.0, 2.0, 3.0]
    assert Sequential([Input(2), Softmax()]).predictor()([1.0, 1.0]) == [0.5, 0.5]


def test_its_source_holds_the_weights_and_runs_alone(tmp_path: Path) -> None:
    model = Sequential([Dense(2, "sigmoid", weight=[[0.5, -1.0], [2.0, 0.25]], bias=[0.0, -0.125]), Dense(1)], seed=2)
    source = Predictor(model, [0.5, 0.5]).source
    assert "net_h1 = i1 * 0.5 + i2 * (-1.0)" in source
    assert "net_h2 = i1 * 2.0 + i2 * 0.25 + (-0.125)" in source
    script = tmp_path / "alone.py"
    script.write_text(source + "\nprint(predict([0.75, -0.5]))\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-S", "-I", str(script)], capture_output=True, text=True, check=True)
    assert [float(done.stdout.strip("[]\n"))] == pytest.approx(model.predict([[0.75, -0.5]])[0], rel=1e-12)


def test_a_predictor_calls_what_cannot_be_recorded() -> None:
    model = network(Dense(2, Activation("sine", math.sin, lambda x, out: math.cos(x))))
    assert close([model.predictor()([0.5, 0.25])], model.predict([[0.5, 0.25]]))


def test_a_predictor_goes_through_the_layers_where_there_can_be_no_program() -> None:
    model = network(Dense(2, "tanh"), Branching())
    predict = model.predictor()
    for row in rows(5):
        assert predict(row) == model.predict([row])[0]


def test_before_the_width_is_known_there_is_no_predictor() -> None:
    with pytest.raises(OrderError, match="predictor: the width of the input is not known yet"):
        Sequential([Dense(1)]).predictor()


def test_a_predictor_that_goes_through_the_layers_keeps_the_weights_of_its_moment_too() -> None:
    from layerkit import Layer

    class Unrecordable(Layer):
        def forward(self, x: Any, *, training: bool = False) -> Any:
            self.x, self.out = x, [[math.sin(value) for value in row] for row in x]
            return self.out

    model = Sequential([Dense(1, weight=[[1.0]]), Unrecordable()], seed=1)
    predict = model.predictor()
    before = predict([0.5])
    model.layers[0].weight.value = [[2.0]]
    assert before == predict([0.5]) == [math.sin(0.5)]
