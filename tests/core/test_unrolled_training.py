"""Training by the unrolled program: what it reads like, that it is the layers' training, and what surrounds it."""

from __future__ import annotations

import _thread
import copy
import gc
import math
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from layerkit import (
    SGD,
    Activation,
    ActivationLayer,
    Adam,
    Dense,
    Dropout,
    EarlyStopping,
    Huber,
    Input,
    Layer,
    LearningRateSchedule,
    Loss,
    NumericsError,
    Optimizer,
    Parameter,
    RecordingError,
    Rprop,
    Sequential,
    Softmax,
    TerminateOnNaN,
    exp,
    get_activation,
    where,
)
from layerkit.training import choice, engines
from layerkit.training.program import ForwardProgram, Predictor, Program


@pytest.fixture(autouse=True)
def unrolled_on_every_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small networks are unrolled everywhere, and chunks are short."""
    monkeypatch.setattr(choice, "LIMITS", dict.fromkeys(choice.LIMITS, (10**6, 10**6)))
    monkeypatch.setattr(engines, "CHUNK_SECONDS", 0.02)


def textbook_model(*, biases: bool = False) -> Sequential:
    """The 2-2-2 network of Mazur, "A Step by Step Backpropagation Example" (2015), which leaves the biases alone."""
    model = Sequential(
        [
            Dense(2, "sigmoid", weight=[[0.15, 0.2], [0.25, 0.3]], bias=[0.35, 0.35]),
            Dense(2, "sigmoid", weight=[[0.4, 0.45], [0.5, 0.55]], bias=[0.6, 0.6]),
        ]
    )
    for layer in model.layers:
        layer.bias.trainable = biases  # type: ignore[attr-defined]
    model.compile(SGD(0.5), loss="half_squared_error")
    return model


X, Y = [[0.05, 0.1]], [[0.01, 0.99]]
AFTER_ONE_STEP = {
    "w1": 0.149780716, "w2": 0.19956143, "w3": 0.24975114, "w4": 0.29950229,
    "w5": 0.35891648, "w6": 0.408666186, "w7": 0.511301270, "w8": 0.561370121,
}  # fmt: skip


def weights(model: Sequential) -> list[float]:
    return [number for parameter in model.parameters for row in parameter.rows() for number in row]


def close(a: list[float], b: list[float], rel: float = 1e-12) -> bool:
    return a == pytest.approx(b, rel=rel, abs=rel / 100)


def is_unrolled(model: Sequential) -> bool:
    return any(isinstance(program, Program) for program in model.programs.values())


def some_rows(count: int, width: int, units: int, seed: int = 1) -> tuple[list[list[float]], list[list[float]]]:
    rng = Random(seed)
    x = [[rng.uniform(-1, 1) for _ in range(width)] for _ in range(count)]
    return x, [[rng.uniform(-0.8, 0.8) for _ in range(units)] for _ in range(count)]


# -- the page of the textbook -----------------------------------------------------------------------------------------


def assigned(source: str) -> list[str]:
    return re.findall(r"^ {8}(\w+) = ", source, re.MULTILINE)


def test_the_program_of_the_textbook_network_reads_like_the_textbook() -> None:
    lines = [line.strip() for line in textbook_model(biases=True).unrolled_source().splitlines()]
    for line in (
        "net_h1 = i1 * w1 + i2 * w2 + b1",
        "net_h2 = i1 * w3 + i2 * w4 + b2",
        "net_o1 = out_h1 * w5 + out_h2 * w6 + b3",
        "net_o2 = out_h1 * w7 + out_h2 * w8 + b4",
        "dout_o1 = out_o1 - target_o1",
        "E = (dout_o1 * dout_o1 + dout_o2 * dout_o2) / 2.0",
        "delta_o1 = dout_o1 * (out_o1 * (1.0 - out_o1))",
        "delta_h1 = (delta_o1 * w5 + delta_o2 * w7) * (out_h1 * (1.0 - out_h1))",
        "delta_h2 = (delta_o1 * w6 + delta_o2 * w8) * (out_h2 * (1.0 - out_h2))",
        "step_o1 = rate * delta_o1",
        "w5 = w5 - step_o1 * out_h1",
        "w4 = w4 - step_h2 * i2",
        "b1 = b1 - step_h1",
    ):
        assert lines.count(line) == 1, line


def test_it_has_the_textbook_s_order_forward_error_backward_and_the_last_weights_first() -> None:
    names = [name for name in assigned(textbook_model(biases=True).unrolled_source()) if not name.startswith("v")]
    assert names == [
        "net_h1",
        "net_h2",
        "out_h1",
        "out_h2",
        "net_o1",
        "net_o2",
        "out_o1",
        "out_o2",
        "dout_o1",
        "dout_o2",
        "E",
        "delta_o1",
        "delta_o2",
        "delta_h1",
        "delta_h2",
        "step_h1",
        "step_h2",
        "step_o1",
        "step_o2",
        "w5",
        "w6",
        "w7",
        "w8",
        "b3",
        "b4",
        "w1",
        "w2",
        "w3",
        "w4",
        "b1",
        "b2",
    ]


def test_its_comments_say_which_layer_and_which_step_of_the_chain_rule() -> None:
    comments = [line.strip() for line in textbook_model().unrolled_source().splitlines() if "#" in line]
    assert comments == [
        "# forward, layer 1: net = W x + b, out = f(net)",
        "# forward, layer 2: net = W x + b, out = f(net)",
        "# error of this row",
        "# backward, layer 2: delta = dE/dnet = dE/dout * dout/dnet",
        "# backward, layer 1: delta = dE/dnet = dE/dout * dout/dnet",
        "# the optimizer's rule",
        "# update: every gradient is known by now",
    ]


def test_the_hidden_gradients_come_from_the_weights_before_the_update() -> None:
    # delta_h1 must read w5 and w7 of before: with the updated ones, w1 would come out as 0.1497805…
    state, _, _ = alone(textbook_model().unrolled_source())["train"]((*STATE_NUMBERS, 0.0), [(*X[0], *Y[0])], 0.5)
    out_h1 = 1 / (1 + math.exp(-0.3775))
    out_h2 = 1 / (1 + math.exp(-0.3925))
    out_o1 = 1 / (1 + math.exp(-(0.4 * out_h1 + 0.45 * out_h2 + 0.6)))
    out_o2 = 1 / (1 + math.exp(-(0.5 * out_h1 + 0.55 * out_h2 + 0.6)))
    delta_o1 = (out_o1 - 0.01) * out_o1 * (1 - out_o1)
    delta_o2 = (out_o2 - 0.99) * out_o2 * (1 - out_o2)
    delta_h1 = (delta_o1 * 0.4 + delta_o2 * 0.5) * out_h1 * (1 - out_h1)
    assert state[0] == pytest.approx(0.15 - 0.5 * delta_h1 * 0.05, rel=1e-15)


STATE_NUMBERS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.6)


def alone(source: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(compile(source, "<alone>", "exec"), namespace)
    return namespace


@pytest.mark.parametrize("batch_size", [1, 2])
def test_copied_into_a_file_it_runs_alone_and_gives_the_published_numbers(tmp_path: Path, batch_size: int) -> None:
    # E = 0.298371109, after one update 0.291027924, after 10,000 updates 0.0000351085 (Mazur 2015)
    batch = "(0.05, 0.1, 0.01, 0.99)" if batch_size == 1 else "[(0.05, 0.1, 0.01, 0.99)]"
    script = tmp_path / "copied.py"
    script.write_text(
        textbook_model().unrolled_source(batch_size=batch_size)
        + f"""
try:
    import layerkit
    raise SystemExit("layerkit is there")
except ImportError:
    pass
state, losses, outputs = train(STATE, [{batch}], 0.5)
print(*map(repr, state))
losses = train(STATE, [{batch}] * 10001, 0.5)[1]
print(repr(losses[0]), repr(losses[1]), repr(losses[10000]))
""",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-S", "-I", str(script)], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    state, errors = (list(map(float, line.split())) for line in done.stdout.splitlines())
    names = re.findall(r"\w+", "w1, w2, w3, w4, b1, b2, w5, w6, w7, w8, b3, b4, step")
    after = dict(zip(names, state))
    assert {name: after[name] for name in AFTER_ONE_STEP} == pytest.approx(AFTER_ONE_STEP, abs=5e-9)
    assert [after[name] for name in ("b1", "b2", "b3", "b4")] == [0.35, 0.35, 0.6, 0.6]
    assert errors == pytest.approx([0.298371109, 0.2910277737, 3.510187783e-05], rel=2e-9)


def test_fit_gives_the_published_numbers() -> None:
    model = textbook_model()
    losses = model.fit(X, Y, epochs=10_001, verbose=0)["loss"]
    assert is_unrolled(model)
    assert [losses[0], losses[1], losses[10_000]] == pytest.approx(
        [0.298371109, 0.2910277737, 3.510187783e-05], rel=2e-9
    )
    model = textbook_model()
    model.fit(X, Y, verbose=0)
    after = weights(model)
    assert after[:4] + after[6:10] == pytest.approx(list(AFTER_ONE_STEP.values()), abs=5e-9)


def test_the_same_model_gives_the_same_text() -> None:
    text = textbook_model().unrolled_source()
    trained = textbook_model()
    assert trained.unrolled_source() == trained.unrolled_source() == text
    trained.fit(X, Y, epochs=3, verbose=0)
    without_state = text.partition("STATE")[0]
    assert trained.unrolled_source().partition("STATE")[0] == without_state


def test_the_text_does_not_depend_on_the_hash_seed() -> None:
    script = (
        "from layerkit import *\n"
        "layers = [Dense(5, 'gelu', fan_in=3), Dropout(0.5), Dense(4, 'mish'), Dense(3, 'softmax')]\n"
        "model = Sequential(layers, seed=1)\n"
        "model.compile('adam', 'categorical_crossentropy')\n"
        "print(model.unrolled_source(batch_size=2))\n"
    )
    root = str(Path(choice.__file__).parents[2])
    texts = []
    for hash_seed in ("1", "2"):
        path = os.pathsep.join([root, *filter(None, sys.path)])
        env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
        texts.append(subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, check=True).stdout)
    assert texts[0] == texts[1]
    assert len(texts[0]) > 1000


def test_state_is_what_fit_goes_on_from() -> None:
    model = Sequential([Dense(3, "tanh", fan_in=2), Dense(1)], seed=1)
    model.compile(Adam(0.01), "mse")
    x, y = some_rows(4, 2, 1)
    model.fit(x, y, epochs=5, batch_size=1, shuffle=False, verbose=0)
    program = alone(model.unrolled_source())
    state, losses, outputs = program["train"](program["STATE"], [(*a, *b) for a, b in zip(x, y)], 0.01)
    model.fit(x, y, batch_size=1, shuffle=False, verbose=0)
    assert list(state[:13]) == pytest.approx(weights(model), rel=1e-15)
    assert (state[-1], outputs) == (24.0, [])
    assert sum(losses) / 4 == pytest.approx(model.history["loss"][0], rel=1e-15)


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (lambda: [Dense(1, fan_in=1)], "out_o1"),
        (lambda: [Dense(1, "tanh", fan_in=1)], "net_o1 out_o1"),
        (lambda: [Dense(1, fan_in=1), ActivationLayer("tanh")], "net_o1 out_o1"),
        (lambda: [Dense(1, "tanh", fan_in=1), ActivationLayer("tanh")], "net_o1 out_o1 out2_o1"),
        (lambda: [Dense(1, fan_in=1), ActivationLayer("tanh"), ActivationLayer("elu")], "net_o1 out_o1 out3_o1"),
        (lambda: [Dense(1, "tanh", fan_in=1), Dense(1)], "net_h1 out_h1 out_o1"),
        (lambda: [Dense(1, fan_in=1), Dense(1), Dense(1)], "out_h1_1 out_h2_1 out_o1"),
        (lambda: [Dense(1, "tanh", fan_in=1), Dropout(0.5), Dense(1)], "net_h1 out_h1 out2_h1 out_o1"),
        (lambda: [Input(1), ActivationLayer("tanh"), Dense(1)], "out1_i1 out_o1"),
        (lambda: [Input(1), ActivationLayer("tanh"), Dense(1), Dropout(0.5)], "out1_i1 out_o1 out3_o1"),
    ],
)
def test_units_are_called_h_in_hidden_layers_and_o_in_the_last(layers: Callable[[], list[Any]], expected: str) -> None:
    model = Sequential(layers(), seed=1)
    model.compile("sgd", "half_squared_error")
    names = [name for name in assigned(model.unrolled_source()) if name.startswith(("net", "out"))]
    assert names == expected.split()


def test_every_line_has_a_name_of_its_own() -> None:
    layers = [
        Dense(2, "tanh", fan_in=2),
        ActivationLayer("sigmoid"),
        Softmax(),
        Dropout(0.5),
        Dense(2, "tanh"),
        Softmax(),
    ]
    model = Sequential(layers, seed=1)
    model.compile(Adam(), "mse", metrics=["mse"])
    names = assigned(model.unrolled_source())
    assert sorted(names) == sorted(set(names))
    assert_trains_alike(
        lambda: Sequential(copy.deepcopy(layers), seed=1), optimizer="adam", metrics=["mse", "accuracy"]
    )


ATTACKS = [
    "new\nline", "quote'\"", "*/ /*", '"""', "'''", "\u2028raise", "back\\slash\\", "\\", "größe", "данные", "{0}",
    "{}", "%s", "w1", "exp", "__import__('os').system('x')", "# comment", "\r\nimport os", "\x00", "net_h1", "E = 0",
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_name_that_a_user_chose_gets_into_a_program(attack: str) -> None:
    def sources(name: str) -> list[str]:
        def somebodys(x: Any) -> Any:
            return math.atan(x)

        somebodys.__name__ = somebodys.__qualname__ = name
        recorded = Activation(name, lambda x, slope: x / (1 + abs(x) * slope), parameters={"slope": 2})
        called = Activation(name + "2", somebodys, lambda x, out: 1 / (1 + x * x), formula=name)
        layers = [Dense(2, recorded, fan_in=2, name=name), Dropout(0.5, name=name + "3"), Scale(name=name + "4")]
        model = Sequential(layers, name=name, seed=1)
        model.compile(Adam(0.01), "mse")
        for parameter in model.parameters:
            parameter.name = name
        texts = [model.unrolled_source(), model.unrolled_source(batch_size=2), Predictor(model, [0.5, 0.5]).source]
        model.add(Dense(2, called, name=name + "5"))
        texts += [Program(model, [0.5, 0.5], [0, 0], batched=True, outputs=True).source]
        texts += [ForwardProgram(model, [0.5, 0.5], [0, 0], with_loss=True).source]
        return texts

    plain, attacked = sources("plain"), sources(attack)
    assert attacked == plain
    for text in attacked:
        compile(text, "<attacked>", "exec")
        assert text.isascii()
        assert "plain" not in text


# -- layers and activations of somebody else --------------------------------------------------------------------------


class Scale(Layer):
    """out = s x, with a parameter of its own: plain arithmetic."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        self.own: list[Parameter] = []

    def build(self, fan_in: int, *, rng: Random) -> int:
        self.own = [Parameter("scale", [0.5 + k for k in range(fan_in)])]
        return super().build(fan_in, rng=rng)

    @property
    def parameters(self) -> list[Parameter]:
        return self.own

    def forward(self, x: Any, *, training: bool = False) -> Any:
        self.x = x
        self.out = [[a * s for a, s in zip(row, self.own[0].value)] for row in x]
        return self.out

    def backward(self, dout: Any) -> Any:
        self.own[0].grad = [sum(d[k] * row[k] for d, row in zip(dout, self.x)) for k in range(len(dout[0]))]
        return [[d * s for d, s in zip(row, self.own[0].value)] for row in dout]


class Plus(Layer):
    """out = x + what `shift` says for the batch; the gradient passes through."""

    def forward(self, x: Any, *, training: bool = False) -> Any:
        shift = self.shift(x, training)
        self.out = [[a + s for a, s in zip(row, shift)] for row in x]
        return self.out

    def backward(self, dout: Any) -> Any:
        return dout

    def shift(self, x: Any, training: bool) -> list[Any]:
        raise NotImplementedError


class Centred(Plus):
    """Mixes the rows of a batch."""

    def shift(self, x: Any, training: bool) -> list[Any]:
        return [-sum(column) / len(x) for column in zip(*x)]


class CentredBackwards(Plus):
    """Mixes the rows of a batch only in the gradients."""

    def shift(self, x: Any, training: bool) -> list[Any]:
        return [0.25] * len(x[0])

    def backward(self, dout: Any) -> Any:
        means = [sum(column) / len(dout) for column in zip(*dout)]
        return [[d - mean / 2 for d, mean in zip(row, means)] for row in dout]


class Running(Plus):
    """Keeps a mean from step to step, and takes it away."""

    mean = 0.0

    def shift(self, x: Any, training: bool) -> list[Any]:
        if training:
            self.mean = 0.9 * self.mean + 0.1 * x[0][0]
        return [-self.mean] * len(x[0])


class Statistics(Plus):
    """Keeps a mean from step to step, and uses it only afterwards."""

    def __init__(self) -> None:
        self.kept = [0.0]

    def shift(self, x: Any, training: bool) -> list[Any]:
        if training:
            self.kept[0] = 0.9 * self.kept[0] + 0.1 * x[0][0]
            return [0.0] * len(x[0])
        return [self.kept[0]] * len(x[0])


class Counting(Plus):
    """Counts its batches, which changes no number."""

    batches = 0

    def shift(self, x: Any, training: bool) -> list[Any]:
        self.batches += 1
        return [0.25] * len(x[0])


class OwnNoise(Plus):
    """Draws numbers that no model knows of."""

    def __init__(self) -> None:
        self.generator = Random(5)

    def shift(self, x: Any, training: bool) -> list[Any]:
        return [self.generator.gauss(0, 0.1) if training else 0.0] * len(x[0])


class CommonNoise(Plus):
    """Draws from the generator of the whole program."""

    def shift(self, x: Any, training: bool) -> list[Any]:
        return [random.uniform(-0.1, 0.1) if training else 0.0] * len(x[0])


class Sine(Plus):
    """Cannot be recorded."""

    def shift(self, x: Any, training: bool) -> list[Any]:
        return [math.sin(x[0][0])] * len(x[0]) if len(x) == 1 else [0.0] * len(x[0])


class Branching(Plus):
    """Cannot be recorded."""

    def shift(self, x: Any, training: bool) -> list[Any]:
        return [1.0 if x[0][0] > 0 else 0.0] * len(x[0])


class Locked(Plus):
    """Cannot be copied."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def shift(self, x: Any, training: bool) -> list[Any]:
        with self.lock:
            return [0.25] * len(x[0])


class Batched(Plus):
    """Depends on how many rows come, which is no number of theirs."""

    def shift(self, x: Any, training: bool) -> list[Any]:
        return [1 / len(x)] * len(x[0])


def assert_trains_alike(
    make: Callable[[], Sequential], *, bits: bool = False, epochs: int = 4, **options: Any
) -> tuple[Sequential, Sequential]:
    """Trained eagerly and not, from the same state: the same weights, history and steps."""
    compiled = {"optimizer": SGD(0.05), "loss": "half_squared_error", "batch_size": 3, **options}
    models = []
    for eagerly in (True, False):
        random.seed(7)
        model = make()
        optimizer = copy.deepcopy(compiled["optimizer"])
        model.compile(optimizer, compiled["loss"], metrics=compiled.get("metrics", ()), run_eagerly=eagerly)
        x, y = some_rows(10, 2, model.units)
        model.fit(x, y, epochs=epochs, batch_size=compiled["batch_size"], verbose=2)
        models.append(model)
    eager, other = models
    if bits:
        assert weights(other) == weights(eager)
        assert other.history.history == eager.history.history
    else:
        assert close(weights(other), weights(eager))
        for name, values in eager.history.history.items():
            assert close(other.history[name], values), name
    assert list(other.history.history) == list(eager.history.history)
    assert other.optimizer.step == eager.optimizer.step
    assert other.shuffle_rng.getstate() == eager.shuffle_rng.getstate()
    return eager, other


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_layer_of_plain_arithmetic_is_unrolled_with_no_further_work(batch_size: int) -> None:
    make = lambda: Sequential([Dense(3, "tanh", fan_in=2), Scale(), Dense(1), Scale()], seed=3)  # noqa: E731
    _, model = assert_trains_alike(make, batch_size=batch_size, metrics=["mse"])
    assert is_unrolled(model)
    assert "dp4" in model.unrolled_source(batch_size=2)


REFUSED = [Running, Statistics, Counting, OwnNoise, CommonNoise, Sine, Branching, Locked]


@pytest.mark.parametrize(
    ("layer", "batch_size"),
    [
        *((layer, size) for layer in REFUSED for size in (1, 3)),
        *((layer, 3) for layer in (Centred, CentredBackwards, Batched)),
        (Batched, 10),
    ],
)
def test_what_cannot_be_unrolled_is_trained_object_by_object_to_the_same_bits_and_verbose_says_so(
    layer: type[Layer], batch_size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    make = lambda: Sequential([Dense(3, "tanh", fan_in=2), layer(), Dense(2)], seed=3)  # noqa: E731
    eager, model = assert_trains_alike(make, bits=True, batch_size=batch_size)
    assert not is_unrolled(model)
    notes = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("epoch")]
    assert len(notes) == 1
    assert notes[0].startswith("training object by object: ")
    kept = [{k: v for k, v in vars(m.layers[1]).items() if isinstance(v, (int, float, list))} for m in (eager, model)]
    assert kept[0] == kept[1]
    if layer is OwnNoise:
        assert eager.layers[1].generator.getstate() == model.layers[1].generator.getstate()  # type: ignore[attr-defined]


def test_the_common_generator_is_where_it_was_after_a_program_was_tried() -> None:
    random.seed(11)
    expected = random.Random(11).random()
    model = Sequential([Dense(2, "tanh", fan_in=2), Scale(), Dense(1)], seed=1)
    model.compile("sgd", "mse")
    model.fit(*some_rows(6, 2, 1), verbose=0)
    assert random.random() == expected


def test_a_layer_that_mixes_rows_is_found_even_if_the_first_rows_are_equal() -> None:
    x = [[0.5, -0.5]] * 8 + [[1.0, 2.0], [-1.0, 0.25]]
    y = [[0.1]] * 10
    models = []
    for eagerly in (True, False):
        model = Sequential([Dense(3, "tanh", fan_in=2), Centred(), Dense(1)], seed=3)
        model.compile(SGD(0.05), "mse", run_eagerly=eagerly)
        model.fit(x, y, epochs=5, batch_size=4, verbose=0)
        models.append(model)
    assert weights(models[0]) == weights(models[1])


@pytest.mark.parametrize("layer", [Centred, CentredBackwards])
@pytest.mark.parametrize("rate", [0.0, 1e-5, lambda step: 0.1 * step])
def test_it_is_found_even_if_the_first_step_changes_little(rate: Any, layer: type[Layer]) -> None:
    model = Sequential([Dense(3, "tanh", fan_in=2), layer(), Dense(1)], seed=3)
    model.compile(SGD(rate), "mse")
    model.fit(*some_rows(9, 2, 1), batch_size=3, verbose=0)
    assert not is_unrolled(model)


def test_trying_a_program_changes_nothing_in_the_model() -> None:
    class Nosy(Optimizer):
        name = "nosy"

        def __init__(self) -> None:
            super().__init__(0.1)
            self.seen = 0

        def update_row(self, w: Any, g: Any, state: Any, rate: Any, step: Any) -> Any:
            self.seen += 1
            return [a - rate * b for a, b in zip(w, g)], ()

    model = Sequential([Dense(1, fan_in=1), Dropout(0.5)], seed=1)
    model.compile(Nosy(), "mse")
    before = weights(model), model.layers[1].random_states, vars(model.layers[0]).keys()
    engine = choice.choose(model, [[1.0], [2.0]], [[1.0], [2.0]], 1, True, print)
    assert isinstance(engine, engines.Unrolled)
    assert (weights(model), model.layers[1].random_states, vars(model.layers[0]).keys()) == before
    assert model.optimizer.seen == 0
    assert model.layers[0].x is None


ROUGH = {
    "math.sin": Activation("sine", math.sin, lambda x, out: math.cos(x)),
    "if": Activation("bent", lambda x: x if x > 0 else x / 4),
    "if, and a derivative": Activation("bent", lambda x: x if x > 0 else x / 4, lambda x, out: 1 if x > 0 else 0.25),
    "max": Activation("rectified", lambda x: max(x, 0.1 * x)),
    "only the derivative": Activation("sine", get_activation("tanh").function, lambda x, out: 1 - math.tanh(x) ** 2),
}


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("activation", ROUGH.values(), ids=ROUGH)
def test_a_function_that_cannot_be_recorded_is_called_as_it_is(activation: Activation, batch_size: int) -> None:
    make = lambda: Sequential([Dense(3, activation, fan_in=2), Dense(2, activation)], seed=3)  # noqa: E731
    _, model = assert_trains_alike(make, batch_size=batch_size)
    assert is_unrolled(model)


def test_it_is_called_once_for_each_value() -> None:
    calls: list[str] = []
    activation = Activation(
        "sine",
        lambda x: calls.append("function") or math.sin(x),
        lambda x, out: calls.append("derivative") or math.cos(x),
    )
    model = Sequential([Dense(3, activation, fan_in=2), Dense(2, "tanh")], seed=3)
    model.compile(SGD(0.05), "mse")
    x, y = some_rows(10, 2, 2)
    model.fit(x, y, verbose=0)
    calls.clear()
    model.fit(x, y, epochs=4, verbose=0)
    assert is_unrolled(model)
    assert {name: calls.count(name) for name in set(calls)} == {"function": 4 * 10 * 3, "derivative": 4 * 10 * 3}
    program = next(iter(model.programs.values()))
    assert sorted(program.functions) == ["f1", "f2"]


@pytest.mark.parametrize("batch_size", [1, 3])
def test_an_activation_given_as_one_function_is_recorded_with_its_derivative(batch_size: int) -> None:
    def bump(x: Any) -> Any:
        return where(x < 1, x / (1 + exp(-x)), x * 2) * exp(-x * x)

    make = lambda: Sequential([Dense(3, bump, fan_in=2), Dense(2, bump)], seed=3)  # noqa: E731
    _, model = assert_trains_alike(make, batch_size=batch_size)
    (program,) = model.programs.values()
    assert isinstance(program, Program)
    assert program.functions == {}
    assert "exp(" in program.source


def test_a_loss_and_an_optimizer_of_somebody_else_are_unrolled() -> None:
    class Quartic(Loss):
        name = "quartic"

        def of_row(self, p: Any, t: Any) -> Any:
            return sum((a - b) ** 4 for a, b in zip(p, t))

        def gradient_of_row(self, p: Any, t: Any) -> Any:
            return [4 * (a - b) ** 3 for a, b in zip(p, t)]

    class Averaging(Optimizer):
        """Keeps the weights of before, and steps from a mixture; the rate falls with the step."""

        name = "averaging"

        def begin_row(self, w: Any) -> Any:
            return (list(w), [0] * len(w))

        def update_row(self, w: Any, g: Any, state: Any, rate: Any, step: Any) -> Any:
            new = [a - rate * exp(-step / 10) * b for a, b in zip(w, g)]
            return [(a + b) / 2 for a, b in zip(new, state[0])], (list(w), [a + b for a, b in zip(new, state[1])])

    make = lambda: Sequential([Dense(3, "tanh", fan_in=2), Dense(2)], seed=3)  # noqa: E731
    for batch_size in (1, 3):
        _, model = assert_trains_alike(make, loss=Quartic(), optimizer=Averaging(0.1), batch_size=batch_size)
        assert is_unrolled(model)


@pytest.mark.parametrize("part", ["loss", "optimizer"])
def test_a_loss_or_an_optimizer_that_cannot_be_recorded_trains_object_by_object(part: str) -> None:
    class Rough(Loss):
        name = "rough"

        def of_row(self, p: Any, t: Any) -> Any:
            return math.fsum((a - b) ** 2 for a, b in zip(p, t))

        def gradient_of_row(self, p: Any, t: Any) -> Any:
            return [2 * (a - b) for a, b in zip(p, t)]

    class Halting(SGD):
        def update_row(self, w: Any, g: Any, state: Any, rate: Any, step: Any) -> Any:
            return super().update_row(w, [b if abs(b) > 0.01 else 0 for b in g], state, rate, step)

    make = lambda: Sequential([Dense(3, "tanh", fan_in=2), Dense(2)], seed=3)  # noqa: E731
    options: Any = {"loss": Rough()} if part == "loss" else {"optimizer": Halting(0.1)}
    _, model = assert_trains_alike(make, bits=True, **options)
    assert not is_unrolled(model)


# -- strictness -------------------------------------------------------------------------------------------------------


def broken_program(*arguments: Any, **options: Any) -> Any:
    raise RecordingError("broken")


def test_with_strict_a_built_in_that_cannot_be_unrolled_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "Program", broken_program)
    with pytest.raises(RecordingError, match="broken"):
        textbook_model().fit(X, Y, verbose=0)


def test_with_strict_an_activation_that_cannot_be_recorded_raises_where_it_is_built_in() -> None:
    model = Sequential([Dense(1, "leaky_relu", fan_in=1)], seed=1)
    activation = model.layers[0].activation.activation  # type: ignore[attr-defined]
    kept = activation.given_derivative
    try:
        activation.given_derivative = lambda x, out, negative_slope: 1 if x > 0 else negative_slope
        model.compile("sgd", "mse")
        with pytest.raises(RecordingError):
            model.fit([[1.0]], [[2.0]], verbose=0)
    finally:
        activation.given_derivative = kept


def test_without_it_users_never_see_that(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("LAYERKIT_STRICT")
    monkeypatch.setattr(choice, "Program", broken_program)
    model = textbook_model()
    losses = model.fit(X, Y, epochs=2, verbose=2)["loss"]
    assert losses == pytest.approx([0.298371109, 0.2910277737], rel=2e-9)
    assert capsys.readouterr().err.startswith(
        "training object by object: the model cannot be unrolled (broken)\nepoch 1/2"
    )


def test_a_program_that_computes_something_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(Program):
        def _source(self, *arguments: Any) -> str:
            return super()._source(*arguments).replace("delta_o1 * w5", "delta_o1 * w6")

    monkeypatch.delenv("LAYERKIT_STRICT")
    monkeypatch.setattr(choice, "Program", Wrong)
    model = textbook_model()
    model.fit(X, Y, verbose=0)
    assert not is_unrolled(model)
    assert weights(model)[0] == pytest.approx(0.149780716, abs=5e-9)


def test_run_eagerly_never_makes_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "Program", broken_program)
    monkeypatch.setattr(choice, "ForwardProgram", broken_program)
    model = textbook_model()
    model.compile(SGD(0.5), "half_squared_error", run_eagerly=True)
    model.fit(X, Y, verbose=0)
    assert weights(model)[0] == pytest.approx(0.149780716, abs=5e-9)
    model.evaluate(X * 600, Y * 600)
    model.predict(X * 600)


def test_train_on_batch_goes_through_the_layers() -> None:
    model, by_fit = textbook_model(), textbook_model()
    assert model.train_on_batch(X, Y) == pytest.approx(0.298371109, abs=5e-10)
    assert model.programs == {}
    assert model.layers[1].out is not None
    by_fit.fit(X, Y, verbose=0)
    assert close(weights(model), weights(by_fit))


def test_a_model_of_fractions_is_never_unrolled() -> None:
    from fractions import Fraction

    model = Sequential([Dense(1, weight=[[Fraction(1, 2)]], bias=[Fraction(0)])])
    model.compile(SGD(Fraction(1, 10)), "mse")
    model.fit([[1]], [[1]], verbose=0)
    assert model.programs == {}
    assert model.parameters[0].value == [[Fraction(1, 2) + Fraction(1, 10)]]


# -- what callbacks, validation and history see -----------------------------------------------------------------------


def small_model(*, eagerly: bool, optimizer: Any = "adam", metrics: Any = ()) -> Sequential:
    model = Sequential([Dense(4, "tanh", fan_in=2), Dropout(0.25), Dense(1)], seed=5)
    model.compile(optimizer, "mse", metrics=metrics, run_eagerly=eagerly)
    return model


def test_a_callback_sees_every_epoch_with_up_to_date_parameters() -> None:
    x, y = some_rows(7, 2, 1)
    seen: dict[bool, list[Any]] = {}
    for eagerly in (True, False):
        model = small_model(eagerly=eagerly)

        def look(model: Sequential, epoch: int, logs: Any, eagerly: bool = eagerly) -> None:
            assert model.optimizer.step == 3 * (epoch + 1)
            assert model.history.epoch == list(range(epoch + 1))
            assert model.history["loss"][-1] == logs["loss"]
            seen.setdefault(eagerly, []).append([logs["loss"], logs["mae"], *weights(model)])

        model.compile("adam", "mse", metrics=["mae"], run_eagerly=eagerly)
        model.fit(x, y, epochs=20, batch_size=3, callbacks=[look], verbose=0)
    assert is_unrolled(model)
    assert len(seen[False]) == 20
    assert all(close(a, b, 1e-9) for a, b in zip(seen[True], seen[False]))


def test_with_and_without_a_callback_it_is_the_same_training_to_the_last_bit() -> None:
    x, y = some_rows(7, 2, 1)
    models = []
    for callbacks in ([], [lambda model, epoch, logs: None]):
        model = small_model(eagerly=False)
        model.fit(x, y, epochs=50, batch_size=3, callbacks=callbacks, verbose=0)
        models.append(model)
    assert weights(models[0]) == weights(models[1])
    assert models[0].history.history == models[1].history.history


def test_training_in_two_parts_is_training_in_one_to_the_last_bit() -> None:
    x, y = some_rows(7, 2, 1)
    one, two = small_model(eagerly=False), small_model(eagerly=False)
    one.fit(x, y, epochs=50, batch_size=3, verbose=0)
    for epochs in (1, 30, 19):
        two.fit(x, y, epochs=epochs, batch_size=3, verbose=0)
    assert weights(one) == weights(two)
    assert two.history["loss"] == one.history["loss"][31:]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_size_of_a_chunk_changes_nothing(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = some_rows(7, 2, 1)
    results = []
    for seconds in (1e-9, 1e-4, 10.0):
        monkeypatch.setattr(engines, "CHUNK_SECONDS", seconds)
        model = small_model(eagerly=False, optimizer=optimizer, metrics=["mae"])
        model.fit(x, y, epochs=9, batch_size=2, verbose=0)
        results.append((weights(model), model.history.history, model.layers[1].random_states))
    assert results[0] == results[1] == results[2]


def test_validation_early_stopping_and_schedules_are_those_of_object_by_object_training() -> None:
    x, y = some_rows(9, 2, 1)
    models = []
    for eagerly in (True, False):
        stopping = EarlyStopping("val_loss", patience=3, restore_best_weights=True)
        schedule = LearningRateSchedule(lambda epoch, rate: 0.1 * 0.8**epoch)
        model = small_model(eagerly=eagerly, optimizer=SGD(0.5, momentum=0.9), metrics=["mae"])
        model.fit(
            x, y, epochs=60, batch_size=4, validation_data=some_rows(5, 2, 1, seed=2), callbacks=[stopping, schedule],
            verbose=0,
        )  # fmt: skip
        models.append((model, stopping))
    (eager, eager_stop), (model, stop) = models
    assert is_unrolled(model)
    assert (stop.stopped_epoch, stop.best_epoch) == (eager_stop.stopped_epoch, eager_stop.best_epoch)
    assert 0 < len(model.history) < 60
    assert list(model.history.history) == ["loss", "mae", "val_loss", "val_mae"]
    for name, values in eager.history.history.items():
        assert close(model.history[name], values, 1e-9)
    assert close(weights(model), weights(eager), 1e-9)


def test_each_epoch_has_its_line_with_verbose_2(capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for eagerly in (True, False):
        small_model(eagerly=eagerly).fit(*some_rows(7, 2, 1), epochs=12, batch_size=3, verbose=2)
        texts.append(capsys.readouterr().err)
    assert texts[0] == texts[1]
    assert texts[1].count("\n") == 12


def test_after_an_unrolled_fit_the_layers_show_nothing() -> None:
    model = small_model(eagerly=False)
    x, y = some_rows(7, 2, 1)
    model.train_on_batch(x, y)
    assert model.layers[0].net is not None  # type: ignore[attr-defined]
    model.fit(x, y, verbose=0)
    assert is_unrolled(model)
    for layer in model.layers:
        assert [getattr(layer, name, None) for name in ("x", "out", "dout", "dx", "net", "delta", "mask")] == [None] * 7
    assert model.layers[0].activation.out is None  # type: ignore[attr-defined]
    assert [parameter.grad for parameter in model.parameters] == [None] * 4


def test_the_masks_are_those_of_object_by_object_training() -> None:
    x, y = some_rows(7, 2, 1)
    states = []
    for eagerly in (True, False):
        model = small_model(eagerly=eagerly)
        model.fit(x, y, epochs=5, batch_size=3, verbose=0)
        states.append(model.layers[1].random_states)
    assert states[0] == states[1]


def test_data_that_are_no_lists_train_the_same() -> None:
    from array import array
    from fractions import Fraction

    one, two = small_model(eagerly=False), small_model(eagerly=False)
    one.fit([[0.5, 1.0], [2.0, 0.0]], [[1.0], [0.0]], epochs=3, verbose=0)
    two.fit(((Fraction(1, 2), True), array("d", [2, 0])), [1, False], epochs=3, verbose=0)
    assert weights(one) == weights(two)


# -- chunks, and Ctrl-C ---------------------------------------------------------------------------------------------


class FakeClock:
    """A clock that the activation moves on, so that the length of chunks is exact."""

    def __init__(self) -> None:
        self.now = 0.0
        self.checked: list[float] = []

    def perf_counter(self) -> float:
        return self.now


@pytest.mark.parametrize(("rows", "batch_size", "seconds"), [(2000, 1, 0.001), (50, 1, 0.05), (4000, 400, 0.0001)])
def test_a_chunk_takes_at_most_a_quarter_of_a_second(
    rows: int, batch_size: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()

    def slow(x: float) -> float:
        clock.now += seconds
        return math.sin(x)

    activation = Activation("slow", slow, lambda x, out: math.cos(x))
    model = Sequential([Dense(1, activation, fan_in=2)], seed=1)
    model.compile("sgd", "mse")
    monkeypatch.undo()
    monkeypatch.setattr(engines, "time", clock)
    monkeypatch.setattr(choice, "LIMITS", dict.fromkeys(choice.LIMITS, (10**6, 10**6)))
    chunks: list[float] = []
    kept = engines.Unrolled._chunk

    def timed(self: Any, cuts: Any) -> Any:
        began = clock.now
        result = kept(self, cuts)
        chunks.append(clock.now - began)
        return result

    monkeypatch.setattr(engines.Unrolled, "_chunk", timed)
    model.fit(*some_rows(rows, 2, 1), epochs=2, batch_size=batch_size, verbose=0)
    assert sum(chunks) == pytest.approx(2 * rows * seconds)
    assert max(chunks) <= 0.25
    assert len(chunks) < 60


@pytest.fixture
def nobody_swallows_ctrl_c() -> Iterator[None]:
    """Hypothesis listens to the garbage collector, and what is raised in a listener is lost."""
    before = gc.callbacks[:] if hasattr(gc, "callbacks") else []
    if before:
        gc.callbacks.clear()
    yield
    if before:
        gc.callbacks.extend(before)


def interrupted(model: Sequential, x: Any, y: Any, delay: float, *, by_thread: bool, **options: Any) -> None:
    """Fit for some seconds, until a Ctrl-C comes after `delay`."""

    def interrupt() -> None:
        if by_thread:
            _thread.interrupt_main()
        else:
            os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(delay, interrupt)
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012  (the signal may come at once)
        timer.start()
        model.fit(x, y, epochs=10**6 // len(x), verbose=0, **options)
    timer.join()


def replayed(model: Sequential, x: Any, y: Any, batch_size: int, steps: int) -> Sequential:
    """The model after that many batches, by the program, in one chunk an epoch."""
    rows, target = model.rows_and_target("replay", x, y)
    engine: Any = choice.choose(model, rows, target, batch_size, True, print)
    assert isinstance(engine, engines.Unrolled)
    per_epoch = -(-len(x) // batch_size)
    while steps > 0:
        cuts = engine._cuts(engine._order())
        engine._chunk(cuts[: min(steps, per_epoch)])
        steps -= per_epoch
    return model


@pytest.mark.usefixtures("nobody_swallows_ctrl_c")
@pytest.mark.parametrize(
    ("rows", "batch_size", "optimizer", "callback"),
    [(1, 1, "sgd", False), (7, 3, "adam", False), (7, 1, "sgd", True), (3000, 1, "sgd", False), (900, 4, "adam", True)],
)
def test_after_ctrl_c_the_model_is_where_a_whole_number_of_batches_leaves_it(
    rows: int, batch_size: int, optimizer: str, callback: bool
) -> None:
    x, y = some_rows(rows, 2, 1)
    rng = Random(rows)
    for trial in range(8):
        model = small_model(eagerly=False, optimizer=optimizer, metrics=["mae"])
        model.fit(x[:batch_size], y[:batch_size], batch_size=batch_size, verbose=0)  # so that a program is there
        options: Any = {"callbacks": [lambda model, epoch, logs: None]} if callback else {}
        first_history = model.history
        interrupted(model, x, y, rng.uniform(0, 0.03), by_thread=trial % 2 == 0, batch_size=batch_size, **options)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

        same = small_model(eagerly=False, optimizer=optimizer, metrics=["mae"])
        same.fit(x[:batch_size], y[:batch_size], batch_size=batch_size, verbose=0)
        steps, per_epoch = model.optimizer.step - 1, -(-rows // batch_size)
        if model.history is first_history:  # it came before the training began
            assert steps == 0
        else:
            assert len(model.history) == steps // per_epoch
        assert set(map(len, model.history.history.values())) <= {len(model.history)}
        replayed(same, x, y, batch_size, steps)
        assert list(map(float.hex, weights(model))) == list(map(float.hex, weights(same)))
        assert model.optimizer.step == same.optimizer.step
        assert optimizer_state(model) == optimizer_state(same)
        assert model.layers[1].random_states == same.layers[1].random_states
        assert model.shuffle_rng.getstate() == same.shuffle_rng.getstate()


def optimizer_state(model: Sequential) -> list[Any]:
    return [model.optimizer.row_states(parameter) for parameter in model.parameters]


@pytest.mark.usefixtures("nobody_swallows_ctrl_c")
def test_ctrl_c_before_the_first_batch_leaves_everything_as_before() -> None:
    for eagerly in (True, False):
        model = small_model(eagerly=eagerly)
        x, y = some_rows(7, 2, 1)
        model.fit(x, y, verbose=0)
        before = weights(model), model.optimizer.step, model.shuffle_rng.getstate(), model.layers[1].random_states

        class Impatient(LearningRateSchedule):
            def before_epoch(self, model: Any, epoch: int) -> None:
                real = engines.DeferredInterrupts.__enter__

                def interrupted_at_once(self: Any) -> Any:
                    engines.DeferredInterrupts.__enter__ = real  # type: ignore[method-assign]
                    entered = real(self)
                    os.kill(os.getpid(), signal.SIGINT)
                    return entered

                engines.DeferredInterrupts.__enter__ = interrupted_at_once  # type: ignore[method-assign]

        with pytest.raises(KeyboardInterrupt):
            model.fit(x, y, epochs=3, callbacks=[Impatient(lambda epoch, rate: rate)], verbose=0)
        after = weights(model), model.optimizer.step, model.shuffle_rng.getstate(), model.layers[1].random_states
        assert after == before
        assert len(model.history) == 0


@pytest.fixture
def sigint() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("sigint", "nobody_swallows_ctrl_c")
def test_a_handler_of_the_user_s_own_is_called_and_put_back() -> None:
    seen: list[int] = []

    def own(number: int, frame: Any) -> None:
        seen.append(model.optimizer.step)

    signal.signal(signal.SIGINT, own)
    model = textbook_model()
    timer = threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    while timer.is_alive():
        model.fit(X, Y, epochs=500, verbose=0)
    model.fit(X, Y, epochs=500, verbose=0)
    assert signal.getsignal(signal.SIGINT) is own
    assert len(seen) == 1
    assert model.optimizer.step % 500 == 0


@pytest.mark.usefixtures("sigint", "nobody_swallows_ctrl_c")
def test_a_handler_that_raises_something_else_ends_the_training_with_that() -> None:
    class Enough(Exception):
        pass

    def own(number: int, frame: Any) -> None:
        raise Enough

    signal.signal(signal.SIGINT, own)
    model = textbook_model()
    with pytest.raises(Enough):  # noqa: PT012
        threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT)).start()
        model.fit(X, Y, epochs=10**6, verbose=0)
    assert signal.getsignal(signal.SIGINT) is own
    assert len(model.history) == model.optimizer.step


@pytest.mark.usefixtures("sigint", "nobody_swallows_ctrl_c")
@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_a_handler_that_is_no_function_is_left_alone(handler: Any) -> None:
    signal.signal(signal.SIGINT, handler)
    textbook_model().fit(X, Y, epochs=3, verbose=0)
    assert signal.getsignal(signal.SIGINT) == handler


def test_fit_works_in_another_thread() -> None:
    model, other = textbook_model(), textbook_model()
    thread = threading.Thread(target=lambda: other.fit(X, Y, epochs=100, verbose=0))
    thread.start()
    thread.join()
    model.fit(X, Y, epochs=100, verbose=0)
    assert is_unrolled(other)
    assert weights(model) == weights(other)
    assert len(other.history) == 100


# -- numbers that are not finite ------------------------------------------------------------------------------------


def trained_until_it_fails(
    eagerly: bool, make: Callable[[], Sequential], x: Any, y: Any, **options: Any
) -> tuple[Sequential, str]:
    """The model after a fit that must fail, and what was said; a first fit of good rows makes the program."""
    model = make()
    model.run_eagerly = eagerly
    model.fit(*some_rows(8, model.fan_in, model.units), verbose=0, **options)
    assert is_unrolled(model) is not eagerly
    with pytest.raises(NumericsError) as caught:
        model.fit(x, y, epochs=3000, verbose=0, **options)
    assert is_unrolled(model) is not eagerly
    return model, str(caught.value)


def diverging(metrics: Any = (), activation: str | None = None) -> Callable[[], Sequential]:
    def make() -> Sequential:
        model = Sequential([Dense(2, activation, fan_in=2), Dropout(0.1), Dense(1)], seed=2)
        model.compile(SGD(0.3), "mse", metrics=metrics)
        return model

    return make


BAD = [[30.0, -20.0], [1.0, 25.0], [9.0, 3.0], [5.0, 4.0], [-7.0, 8.0]], [[9.0], [-3.0], [20.0], [0.5], [1.0]]


@pytest.mark.parametrize("metrics", [(), ("mae",)])
@pytest.mark.parametrize("batch_size", [1, 2, 5])
@pytest.mark.parametrize("activation", [None, "relu", "softplus"])
def test_where_the_loss_overflows_the_last_complete_batch_comes_back_and_the_failing_one_is_named(
    metrics: Any, batch_size: int, activation: str | None
) -> None:
    make = diverging(metrics, activation)
    eager, wanted = trained_until_it_fails(True, make, *BAD, batch_size=batch_size)
    model, said = trained_until_it_fails(False, make, *BAD, batch_size=batch_size)
    assert said.partition(":")[0] == wanted.partition(":")[0]
    assert re.match(
        r"fit, epoch \d+, batch \d+: (Dense 'dense_[12]': (net|out) is|[a-z_]+_error: |dense_)",
        said,
    )
    assert all(map(math.isfinite, weights(model)))
    assert close(weights(model), weights(eager), 1e-8)
    assert model.optimizer.step == eager.optimizer.step
    assert len(model.history) == len(eager.history)
    assert list(model.history.history) == list(eager.history.history)
    for name, values in eager.history.history.items():
        assert close(model.history[name], values, 1e-8)
    assert model.shuffle_rng.getstate() == eager.shuffle_rng.getstate()
    assert model.layers[1].random_states == eager.layers[1].random_states


def test_the_epoch_is_right_after_thousands_of_good_ones() -> None:
    def make(eagerly: bool) -> Sequential:
        model = Sequential([Dense(1, weight=[[1.0]], bias=[0.0])])
        model.compile(SGD(lambda step: 0.001 if step < 5000 else 1e200), "mse", run_eagerly=eagerly)
        return model

    messages = []
    for eagerly in (True, False):
        model = make(eagerly)
        with pytest.raises(NumericsError) as caught:
            model.fit([[1.0]], [[5.0]], epochs=10_000, verbose=0)
        messages.append(str(caught.value).partition(":")[0])
        assert model.optimizer.step == len(model.history)
        assert all(map(math.isfinite, weights(model)))
    assert messages[0] == messages[1]
    assert re.fullmatch(r"fit, epoch 50\d\d, batch 1", messages[1])


def test_a_net_input_that_is_not_a_number_does_not_pass_through_relu_as_0() -> None:
    for eagerly in (True, False):
        model = Sequential([Dense(1, "relu", weight=[[1e200, -1e200]], bias=[0.0]), Dense(1)], seed=2)
        model.compile(SGD(0.0), "mse", run_eagerly=eagerly)
        model.fit([[0.0, 0.0]], [[0.0]], verbose=0)
        with pytest.raises(NumericsError, match="Dense 'dense_1': net is nan"):
            model.fit([[1e200, 1e200]], [[0.0]], verbose=0)
        assert is_unrolled(model) is not eagerly
        assert model.optimizer.step == 1


@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_weight_that_overflows_is_found_where_the_loss_does_not(batch_size: int) -> None:
    for eagerly in (True, False):
        model = Sequential([Dense(1, weight=[[1.0]], bias=[0.0])])
        model.compile(SGD(1e200), "mse", run_eagerly=eagerly)
        model.fit([[0.0], [0.0]], [[0.0], [0.0]], batch_size=batch_size, verbose=0)
        steps = model.optimizer.step
        with pytest.raises(NumericsError, match=r"fit, epoch 1, batch 1: dense_1.weight: .* not finite"):
            model.fit([[1e60], [1e60]], [[0.0], [0.0]], batch_size=batch_size, verbose=0)
        assert is_unrolled(model) is not eagerly
        assert weights(model) == [1.0, 0.0]
        assert model.optimizer.step == steps


@pytest.mark.parametrize("batch_size", [1, 4])
def test_where_the_first_batch_fails_everything_is_as_before(batch_size: int) -> None:
    for eagerly in (True, False):
        model = small_model(eagerly=eagerly)
        model.fit(*some_rows(8, 2, 1), epochs=2, batch_size=batch_size, verbose=0)
        before = (
            weights(model), optimizer_state(model), model.optimizer.step, model.shuffle_rng.getstate(),
            model.layers[1].random_states,
        )  # fmt: skip
        with pytest.raises(NumericsError, match="fit, epoch 1, batch 1: "):
            model.fit([[0.5, 0.5]] * 8, [[1e200]] * 8, epochs=2, batch_size=batch_size, verbose=0)
        assert is_unrolled(model) is not eagerly
        after = (
            weights(model), optimizer_state(model), model.optimizer.step, model.shuffle_rng.getstate(),
            model.layers[1].random_states,
        )  # fmt: skip
        assert after == before
        assert len(model.history) == 0


def test_terminate_on_nan_ends_quietly_with_the_last_good_parameters() -> None:
    models = []
    for eagerly in (True, False):
        model = diverging()()
        model.run_eagerly = eagerly
        history = model.fit(*BAD, epochs=3000, batch_size=2, callbacks=[TerminateOnNaN()], verbose=0)
        assert 0 < len(history) < 3000
        models.append(model)
    assert close(weights(models[0]), weights(models[1]), 1e-8)
    assert len(models[0].history) == len(models[1].history)


def test_after_a_failure_training_can_go_on() -> None:
    model, _ = trained_until_it_fails(False, diverging(), *BAD, batch_size=2)
    model.compile(SGD(0.0), "mse")
    assert len(model.fit([[0.0, 0.0]], [[0.0]], epochs=3, verbose=0)) == 3


@pytest.mark.parametrize("batch_size", [1, 2])
def test_an_error_in_a_called_function_is_the_user_s_and_leaves_the_last_complete_batch(batch_size: int) -> None:
    class Odd(Exception):
        pass

    results = []
    for eagerly in (True, False):
        values: list[float] = []

        def fussy(x: float, values: list[float] = values) -> float:
            values.append(x)
            if x > 50:
                raise Odd
            return math.sin(x)

        model = Sequential([Dense(2, fan_in=2), Dense(1, Activation("fussy", fussy, lambda x, out: 1.0))], seed=2)
        model.compile(SGD(0.1), "mse", run_eagerly=eagerly)
        model.fit([[0.1, 0.2]] * 4, [[0.1]] * 4, batch_size=batch_size, verbose=0)
        x = [[0.1 * n, 0.2] for n in range(40)] + [[1e9, 1e9], [-1e9, -1e9]] + [[0.1 * n, 0.3] for n in range(5)]
        with pytest.raises(Odd):
            model.fit(x, [[0.1]] * len(x), epochs=3, batch_size=batch_size, shuffle=False, verbose=0)
        results.append((model.optimizer.step, weights(model)))
    assert results[0][0] == results[1][0] > 10
    assert close(results[0][1], results[1][1], 1e-9)


def test_a_power_that_becomes_complex_is_the_same_error_as_object_by_object() -> None:
    kinds = []
    for eagerly in (True, False):
        root = Activation("root", lambda x: x**0.5)
        model = Sequential([Dense(1, root, weight=[[1.0]], bias=[0.0])])
        model.compile(SGD(0.01), "mse", run_eagerly=eagerly)
        model.fit([[4.0], [9.0]], [[2.0], [3.0]], batch_size=1, verbose=0)
        with pytest.raises((NumericsError, TypeError)) as caught:
            model.fit([[4.0], [-4.0]], [[2.0], [3.0]], batch_size=1, shuffle=False, verbose=0)
        assert is_unrolled(model) is not eagerly
        assert model.optimizer.step == 3
        kinds.append(type(caught.value))
    assert kinds[0] is kinds[1]


def test_a_metric_that_fails_leaves_the_epochs_before_in_the_history() -> None:
    results = []
    for eagerly in (True, False):
        calls: list[int] = []

        def fussy(predicted: Any, target: Any, calls: list[int] = calls) -> float:
            if predicted[0][0] > 0.9:
                raise ZeroDivisionError("odd")
            return 0.5

        model = Sequential([Dense(1, weight=[[0.0]], bias=[0.0])])
        model.compile(SGD(0.01), "mse", metrics=[fussy], run_eagerly=eagerly)
        with pytest.raises(ZeroDivisionError):
            model.fit([[1.0]], [[1.0]], epochs=1000, verbose=0)
        results.append((model.optimizer.step, len(model.history), weights(model)))
    assert results[0][:2] == results[1][:2]
    assert results[0][0] == results[0][1] + 1 > 10
    assert close(results[0][2], results[1][2], 1e-10)


@pytest.mark.parametrize("wrong", [-1.0, None, KeyError])
def test_a_learning_rate_function_that_fails_is_the_user_s_error_at_its_step(wrong: Any) -> None:
    def rate(step: int) -> Any:
        if step < 20:
            return 0.1
        if wrong is KeyError:
            raise KeyError("rate")
        return wrong

    results = []
    for eagerly in (True, False):
        model = small_model(eagerly=eagerly, optimizer=SGD(rate))
        with pytest.raises((ValueError, TypeError, KeyError)) as caught:
            model.fit(*some_rows(6, 2, 1), epochs=20, batch_size=2, verbose=0)
        results.append((type(caught.value), model.optimizer.step, len(model.history), model.shuffle_rng.getstate()))
    assert results[0] == results[1]
    assert results[0][1] == 20


# -- the programs that are kept -------------------------------------------------------------------------------------


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Program]:
    """The programs that are made while the test runs."""
    programs: list[Program] = []

    class Counted(Program):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            programs.append(self)
            super().__init__(*arguments, **options)

    monkeypatch.setattr(choice, "Program", Counted)
    return programs


def test_a_program_is_made_once_for_each_shape(made: list[Program]) -> None:
    model = small_model(eagerly=False)
    x, y = some_rows(7, 2, 1)
    for batch_size in (1, 1, 1):
        model.fit(x, y, batch_size=batch_size, verbose=0)
    assert len(made) == 1
    for batch_size in (2, 7, 32, 2):
        model.fit(x, y, batch_size=batch_size, verbose=0)
    assert len(made) == 2
    model.fit(x[:1], y[:1], batch_size=32, verbose=0)
    model.fit(*some_rows(3, 2, 1, seed=8), batch_size=1, verbose=0)
    assert len(made) == 2


def test_it_is_kept_while_only_numbers_change(made: list[Program]) -> None:
    model = small_model(eagerly=False)
    x, y = some_rows(7, 2, 1)
    model.fit(x, y, verbose=0)
    model.optimizer.learning_rate = 0.5
    model.parameters[0].value = [[0.5, 1.0]] * 4
    model.fit(x, y, verbose=0)
    model.fit(x, y, callbacks=[LearningRateSchedule(lambda epoch, rate: 0.01)], verbose=0)
    model.train_on_batch(x, y)
    model.predict(x)
    model.name = "another"
    model.layers[0].name = "another"
    model.fit(x, y, verbose=0)
    model.compile("adam", "mse")
    model.fit(x, y, verbose=0)
    assert len(made) == 1
    for _ in range(2):  # a rate that is a function comes with each batch, which is another program
        model.optimizer.learning_rate = lambda step: 0.1 / (1 + step)
        model.fit(x, y, verbose=0)
    assert len(made) == 2


CHANGES: dict[str, Callable[[Any], Any]] = {
    "an activation": lambda model: setattr(model.layers[0].activation, "activation", get_activation("sigmoid")),
    "an activation of that name": lambda model: setattr(
        model.layers[0].activation, "activation", Activation("tanh", lambda x: x * x / 9)
    ),
    "an activation's layer": lambda model: setattr(model.layers[0], "activation", ActivationLayer("elu")),
    "an activation layer's activation": lambda model: setattr(
        model.layers[2], "activation", get_activation("leaky_relu").configured(negative_slope=0.5)
    ),
    "an activation's parameter": lambda model: model.layers[2].activation.parameters.update(negative_slope=0.6),
    "a trainable flag": lambda model: setattr(model.parameters[1], "trainable", False),
    "a rate of dropout": lambda model: setattr(model.layers[1], "rate", 0.75),
    "a loss": lambda model: setattr(model, "loss", Huber(0.25)),
    "a setting of the loss": lambda model: setattr(model.loss, "delta", 0.125),
    "an optimizer": lambda model: setattr(model, "optimizer", Adam(0.01)),
    "a setting of the optimizer": lambda model: setattr(model.optimizer, "momentum", 0.25),
    "nesterov": lambda model: setattr(model.optimizer, "nesterov", True),
    "metrics": lambda model: model.compile(model.optimizer, model.loss, metrics=["mse"]),
    "a layer more": lambda model: model.add(Dense(1, "tanh")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_program_is_made_anew_where_something_has_changed(change: str, made: list[Program]) -> None:
    slope = get_activation("leaky_relu").configured(negative_slope=0.125)
    model = Sequential([Dense(3, "tanh", fan_in=2), Dropout(0.25), ActivationLayer(slope), Dense(1)], seed=4)
    model.compile(SGD(0.1, momentum=0.5), Huber(0.5))
    x, y = some_rows(7, 2, 1)
    model.fit(x, y, epochs=2, verbose=0)
    CHANGES[change](model)
    eager = copy.deepcopy(model)
    eager.run_eagerly = True
    for trained in (model, eager):
        trained.fit(x, y, epochs=2, verbose=0)
    assert len(made) == 2
    assert close(weights(model), weights(eager))


def test_a_loss_of_somebody_else_that_forgot_its_config_is_told_from_another(made: list[Program]) -> None:
    class Power(Loss):
        name = "power"

        def __init__(self, n: int) -> None:
            self.n = n

        def of_row(self, p: Any, t: Any) -> Any:
            return sum((a - b) ** self.n for a, b in zip(p, t))

        def gradient_of_row(self, p: Any, t: Any) -> Any:
            return [self.n * (a - b) ** (self.n - 1) for a, b in zip(p, t)]

    x, y = some_rows(7, 2, 1)
    models = [small_model(eagerly=eagerly) for eagerly in (True, False)]
    for model in models:
        for n in (2, 4):
            model.compile("sgd", Power(n), run_eagerly=model.run_eagerly)
            model.fit(x, y, epochs=2, verbose=0)
    assert len(made) == 2
    assert close(weights(models[0]), weights(models[1]))


def test_an_activation_that_took_the_place_of_a_forgotten_one_is_not_mistaken_for_it(made: list[Program]) -> None:
    model = Sequential([Dense(1, "linear", weight=[[1.0]], bias=[0.0]), ActivationLayer("linear")])
    model.compile(SGD(0.0), "half_squared_error")
    for slope in range(1, 12):
        model.layers[1].activation = Activation("slope", lambda x, slope=slope: x * slope)  # type: ignore[attr-defined]
        assert model.fit([[1.0]], [[0.0]], verbose=0)["loss"] == [slope * slope / 2]
    assert len(made) == 11


def test_no_more_than_a_few_programs_are_kept() -> None:
    model = Sequential([Dense(1, fan_in=1)], seed=1)
    for k in range(40):
        model.compile("sgd", Huber(k + 1))
        model.fit([[1.0]], [[1.0]], verbose=0)
    assert len(model.programs) <= choice.PROGRAMS_KEPT


def test_that_a_model_cannot_be_unrolled_is_found_out_once(made: list[Program]) -> None:
    model = Sequential([Dense(2, fan_in=2), Branching()], seed=1)
    model.compile("sgd", "mse")
    for _ in range(3):
        model.fit(*some_rows(5, 2, 2), verbose=0)
    assert len(made) == 1


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_carries_no_program_and_trains_to_the_same_bits(copied: Callable[[Sequential], Sequential]) -> None:
    x, y = some_rows(7, 2, 1)
    model = small_model(eagerly=False, metrics=["mae"])
    model.fit(x, y, epochs=3, batch_size=2, verbose=0)
    other = copied(model)
    assert other.programs == {}
    assert len(model.programs) == 1
    if copied is copy.copy:
        return  # it shares its layers
    for trained in (model, other):
        trained.fit(x, y, epochs=3, batch_size=2, verbose=0)
    assert weights(model) == weights(other)
    assert model.history.history == other.history.history
    assert optimizer_state(model) == optimizer_state(other)


# -- the choice -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "batch_size", "unrolled"), [((13, 0), 1, True), ((12, 9**9), 1, False)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_choice_is_by_the_number_of_parameters(
    limit: tuple[int, int], batch_size: int, unrolled: bool, mirrored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mirrored:
        limit, batch_size = (limit[1], limit[0]), 2
    monkeypatch.setattr(choice, "LIMITS", dict.fromkeys(choice.LIMITS, limit))
    model = Sequential([Dense(3, fan_in=2), Dense(1)], seed=1)
    model.compile("sgd", "mse")
    assert sum(map(len, model.parameters)) == 13
    model.fit(*some_rows(5, 2, 1), batch_size=batch_size, verbose=0)
    assert is_unrolled(model) is unrolled


def test_each_interpreter_has_limits_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "LIMITS", {"cpython": (1, 2), "cpython before 3.12": (3, 4), "pypy": (5, 6)})
    old, pypy = sys.version_info < (3, 12), sys.implementation.name == "pypy"
    assert choice.parameter_limits() == ((5, 6) if pypy else (3, 4) if old else (1, 2))


def test_rprop_begins_with_the_learning_rate_of_the_moment() -> None:
    models = []
    for eagerly in (True, False):
        model = Sequential([Dense(2, "tanh", fan_in=2), Dense(1)], seed=6)
        model.compile(Rprop(0.05), "mse", run_eagerly=eagerly)
        x, y = some_rows(9, 2, 1)
        for rate in (0.02, 0.5):
            model.optimizer.learning_rate = rate
            model.fit(x, y, epochs=4, batch_size=9, verbose=0)
        models.append(model)
    assert close(weights(models[0]), weights(models[1]))


# -- size -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 32])
def test_training_64_32_10_unrolled_takes_less_than_60_megabytes(batch_size: int) -> None:
    reason = "this interpreter does not count its memory"
    tracemalloc = pytest.importorskip("tracemalloc", reason=reason, exc_type=ImportError)
    model = Sequential([Dense(32, "sigmoid", fan_in=64), Dense(10, "softmax")], seed=1)
    model.compile(SGD(0.05), "categorical_crossentropy")
    tracemalloc.start()
    try:
        program = Program(model, [0.5] * 64, [1.0] + [0.0] * 9, batched=batch_size > 1, outputs=False)
        peak = tracemalloc.get_traced_memory()[1]  # what comes after takes less, and is slow while memory is counted
    finally:
        tracemalloc.stop()
    assert len(program.parameter_names) == 64 * 32 + 32 + 32 * 10 + 10
    assert peak < 60e6
