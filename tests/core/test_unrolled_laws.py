"""Laws of the unrolled program: for any network it is the layers' training, to rounding."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

pytest.importorskip("hypothesis")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layerkit import (
    SGD,
    ActivationLayer,
    AdaGrad,
    Adam,
    AdamW,
    Dense,
    Dropout,
    Input,
    RMSprop,
    Rprop,
    Sequential,
    Softmax,
    activations,
    get_loss,
)
from layerkit.plugins import registry
from layerkit.training import choice
from layerkit.training.engines import Unrolled
from layerkit.training.program import Program

LAWS = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

TRAINABLE = [name for name, activation in activations().items() if activation.trainable]
SMOOTH: list[Callable[[float], Any]] = [
    SGD,
    lambda rate: SGD(rate, momentum=0.9),
    lambda rate: SGD(rate, momentum=0.5, nesterov=True),
    lambda rate: SGD(lambda step: rate / (1 + step)),
    AdaGrad,
    Adam,
    AdamW,
    lambda rate: Adam(lambda step: rate * 0.9**step),
]
# Rprop steps by the sign of a gradient, and RMSprop by little else: at the minimum, where the sign is chance, so is the
# step. They are compared for one step, and for fifty at a lower learning rate.
JUMPY: list[Callable[[float], Any]] = [RMSprop, lambda rate: RMSprop(lambda step: rate / (2 + step)), Rprop]
OPTIMIZERS = SMOOTH + JUMPY

LOSSES = {
    "half_squared_error": "numbers", "mean_squared_error": "numbers", "mean_absolute_error": "numbers",
    "huber": "numbers", "hinge": "signs", "binary_crossentropy": "probabilities", "categorical_crossentropy": "one hot",
    "sparse_categorical_crossentropy": "classes",
}  # fmt: skip


@pytest.fixture(autouse=True)
def unrolled_on_every_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "LIMITS", dict.fromkeys(choice.LIMITS, (10**6, 10**6)))


class Case:
    """A network with its data, drawn from a seed; `model(...)` makes it anew each time."""

    def __init__(self, seed: int, optimizer: Callable[[float], Any], loss: str, rate: float) -> None:
        self.seed, self.optimizer, self.loss, self.rate = seed, optimizer, loss, rate
        rng = Random(seed)
        kind = LOSSES[loss]
        self.fan_in = rng.randint(1, 4)
        self.units = rng.randint(2 if kind in ("one hot", "classes") else 1, 3)
        self.hidden = rng.randint(0, 3)
        finals = {"one hot": ["softmax", "sigmoid", "Softmax"], "probabilities": ["sigmoid", "Sigmoid", "softmax"]}
        finals["classes"] = finals["one hot"]
        # A softmax whose gradients are all the same number has a gradient of 0, of which rounding leaves any sign.
        self.final = rng.choice(finals.get(kind, [None, "sigmoid", "tanh", "Tanh"]))
        self.batch_size = rng.choice([1, 1, 2, 3, 5, 32])
        self.shuffle = rng.random() < 0.6
        self.frozen = rng.random() < 0.25
        self.metrics = rng.choice([(), ("accuracy",) if kind == "classes" else ("mse", "mae")])
        self.callbacks = rng.random() < 0.25
        self.validated = rng.random() < 0.25
        count = rng.choice([1, 2, 5, 7, 11])
        self.x = [[rng.uniform(-1, 1) for _ in range(self.fan_in)] for _ in range(count)]
        self.y = [self._target(rng, kind) for _ in range(count)]

    def _target(self, rng: Random, kind: str) -> list[Any]:
        place = rng.randrange(self.units)
        if kind == "classes":
            return [place]
        if kind == "one hot":
            return [int(k == place) for k in range(self.units)]
        choices = {"signs": [-1, 1], "probabilities": [0, 1, 0.25]}.get(kind)
        return [rng.choice(choices) if choices else rng.uniform(-0.9, 0.9) for _ in range(self.units)]

    def layers(self) -> list[Any]:
        rng = Random(self.seed + 1)
        layers: list[Any] = [Input(self.fan_in)]
        for _ in range(self.hidden):
            activation, use_bias = rng.choice([*TRAINABLE, "softmax", None]), rng.random() < 0.8
            layers.append(Dense(rng.randint(1, 4), activation, use_bias=use_bias, kernel_initializer="he_uniform"))
            if rng.random() < 0.3:
                layers.append(Dropout(rng.choice([0.0, 0.2, 0.5])))
            if rng.random() < 0.3:
                layers.append(ActivationLayer(rng.choice(TRAINABLE)))
            if rng.random() < 0.1:
                layers.append(Softmax())
        own_layer = {
            "Softmax": Softmax,
            "Sigmoid": lambda: ActivationLayer("sigmoid"),
            "Tanh": lambda: ActivationLayer("tanh"),
        }
        if self.final in own_layer:
            return [*layers, Dense(self.units), own_layer[self.final]()]
        return [*layers, Dense(self.units, self.final)]

    def model(self, *, eagerly: bool) -> Sequential:
        model = Sequential(self.layers(), seed=self.seed)
        model.compile(self.optimizer(self.rate), self.loss, metrics=self.metrics, run_eagerly=eagerly)
        for k, parameter in enumerate(model.parameters):
            parameter.trainable = not self.frozen or k % 3 == 0
        return model

    def train(self, model: Sequential, x: Any, y: Any, epochs: int) -> list[Any]:
        """What a callback saw after each epoch."""
        seen: list[Any] = []
        options: dict[str, Any] = {}
        if self.callbacks:
            options["callbacks"] = [lambda model, epoch, logs: seen.append([*logs.values(), *numbers(model)])]
        if self.validated:
            options["validation_data"] = self.x, self.y
        model.fit(x, y, epochs, self.batch_size, shuffle=self.shuffle, verbose=0, **options)
        return seen

    def compare(self, x: Any, y: Any, epochs: int, rel: float) -> None:
        eager, model = self.model(eagerly=True), self.model(eagerly=False)
        wanted, seen = self.train(eager, x, y, epochs), self.train(model, x, y, epochs)
        assert [type(program) for program in model.programs.values()] == [Program]
        assert_close(numbers(model), numbers(eager), rel)
        assert list(model.history.history) == list(eager.history.history)
        assert model.history.epoch == eager.history.epoch
        for name, values in eager.history.history.items():
            assert_close(model.history[name], values, rel)
        assert len(seen) == len(wanted)
        for a, b in zip(seen, wanted):
            assert_close(a, b, rel)
        assert model.optimizer.step == eager.optimizer.step
        for parameter, other in zip(model.parameters, eager.parameters):
            for states, others in zip(model.optimizer.row_states(parameter), eager.optimizer.row_states(other)):
                assert_close([n for slot in states for n in slot], [n for slot in others for n in slot], rel)
        assert model.shuffle_rng.getstate() == eager.shuffle_rng.getstate()
        assert [layer.random_states for layer in model.layers] == [layer.random_states for layer in eager.layers]


def numbers(model: Sequential) -> list[float]:
    return [number for parameter in model.parameters for row in parameter.rows() for number in row]


def assert_close(got: list[float], wanted: list[float], rel: float) -> None:
    assert got == pytest.approx(wanted, rel=rel, abs=rel / 1000)


seeds = st.integers(0, 2**30)
rates = st.sampled_from([0.001, 0.01, 0.1])
losses = st.sampled_from(sorted(LOSSES))


@LAWS
@given(seeds, st.sampled_from(range(len(OPTIMIZERS))), losses, rates)
def test_one_step_is_that_of_the_layers(seed: int, optimizer: int, loss: str, rate: float) -> None:
    case = Case(seed, OPTIMIZERS[optimizer], loss, rate)
    case.compare(case.x[: case.batch_size], case.y[: case.batch_size], 1, 1e-12)


@LAWS
@given(seeds, st.sampled_from(range(len(SMOOTH))), losses, rates)
def test_fifty_steps_are_those_of_the_layers(seed: int, optimizer: int, loss: str, rate: float) -> None:
    case = Case(seed, SMOOTH[optimizer], loss, rate)
    case.compare(case.x, case.y, 50 // -(-len(case.x) // case.batch_size), 1e-9)


@settings(LAWS, max_examples=40)
@given(seeds, st.sampled_from(range(len(JUMPY))), st.sampled_from(["mean_squared_error", "binary_crossentropy"]))
def test_fifty_steps_of_optimizers_that_jump_are_those_of_the_layers(seed: int, optimizer: int, loss: str) -> None:
    case = Case(seed, JUMPY[optimizer], loss, 0.001)
    case.compare(case.x, case.y, 50 // -(-len(case.x) // case.batch_size), 1e-9)


@settings(LAWS, max_examples=50)
@given(seeds, losses)
def test_many_rows_are_predicted_and_measured_as_by_the_layers(seed: int, loss: str) -> None:
    case = Case(seed, SGD, loss, 0.01)
    eager, model = case.model(eagerly=True), case.model(eagerly=False)
    times = -(-choice.ROWS_WORTH_A_PROGRAM // len(case.x))
    x, y = case.x * times, case.y * times
    for a, b in zip(model.predict(x)[:20], eager.predict(x)):
        assert_close(list(a), list(b), 1e-12)
    measured, wanted = (m.evaluate(x, y, return_dict=True) for m in (model, eager))
    assert list(measured) == list(wanted)
    assert_close(list(measured.values()), list(wanted.values()), 1e-12)
    assert len(model.programs) == 2
    predict = model.predictor()
    for row in case.x:
        assert_close(predict(row), list(eager.predict([row])[0]), 1e-12)


def test_the_laws_know_every_loss_and_optimizer_there_is() -> None:
    names = {cls.name for _, cls in registry.all("loss").values() if cls.__module__.startswith("layerkit.")}
    assert set(LOSSES) == names == {get_loss(name).name for name in LOSSES}
    kinds = {type(make(0.1)) for make in OPTIMIZERS}
    assert kinds == {cls for _, cls in registry.all("optimizer").values() if cls.__module__.startswith("layerkit.")}


def test_what_the_laws_compare_is_unrolled() -> None:
    case = Case(1, SGD, "mean_squared_error", 0.1)
    model = case.model(eagerly=False)
    rows, target = model.rows_and_target("test", case.x, case.y)
    assert isinstance(choice.choose(model, rows, target, 2, True, print), Unrolled)
