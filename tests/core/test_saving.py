"""Model files: what is written reads back to the same bits, and what is no model is refused in one line."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

from layerkit import (
    SGD,
    Activation,
    Adam,
    ArgumentTypeError,
    Dense,
    Dropout,
    Huber,
    Input,
    Layer,
    LayerkitError,
    LeakyReLU,
    ModelFileError,
    OrderError,
    Sequential,
    Softmax,
    activations,
    hookimpl,
    load_model,
    register,
    unregister,
)

X = [[0.1, -1.3, 2.7], [1e-3, 5.0, -0.2]]


def model_of(*layers: Layer, loss: Any = "mse", optimizer: Any = "adam", metrics: Any = ("mae",)) -> Sequential:
    model = Sequential([Input(3), *layers], seed=6, name="말뭉치")
    model.compile(optimizer, loss, metrics)
    return model


@pytest.mark.parametrize("name", [*activations(), "softmax"])
def test_a_saved_model_predicts_the_same_bits(name: str, tmp_path: Path) -> None:
    model = model_of(Dense(4, name, bias_initializer="normal"), Dropout(0.3), Dense(2))
    if name not in ("step", "sign"):
        model.fit(X, [[1.0, 2.0], [0.0, -1.0]], epochs=3)
    path = tmp_path / "model.json"
    model.save(path)
    loaded = load_model(path)
    assert loaded.predict(X) == model.predict(X)
    assert [p.value for p in loaded.parameters] == [p.value for p in model.parameters]
    assert [p.name for p in loaded.parameters] == [p.name for p in model.parameters]


def test_all_that_makes_a_model_comes_back(tmp_path: Path) -> None:
    model = model_of(
        Dense(4, "tanh", use_bias=False, kernel_initializer="he_normal", name="첫째"),
        LeakyReLU(negative_slope=0.5),
        Dropout(0.25),
        Dense(3),
        Softmax(),
        loss=Huber(delta=0.5),
        optimizer=SGD(0.3, momentum=0.9, nesterov=True),
        metrics=["accuracy", "r2"],
    )
    model.parameters[1].trainable = False
    path = tmp_path / "model.json"
    model.save(path)
    loaded = load_model(str(path))
    assert [repr(layer) for layer in loaded.layers] == [repr(layer) for layer in model.layers]
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    assert (repr(loaded.optimizer), repr(loaded.loss)) == (repr(model.optimizer), repr(model.loss))
    assert loaded.metrics == model.metrics
    assert [p.trainable for p in loaded.parameters] == [True, False, True]
    assert (loaded.name, loaded.seed, loaded.fan_in) == ("말뭉치", 6, 3)
    assert loaded.layers[1].forward([[-4.0] * 4]) == [[-2.0] * 4]


def test_a_float_is_written_so_that_every_bit_returns(tmp_path: Path) -> None:
    rng = Random(3)
    odd = [0.1, 5e-324, 1.7976931348623157e308, -0.0, 1 / 3, rng.random() * 1e-300]
    model = Sequential([Dense(1, weight=[odd], bias=[math.pi])])
    model.save(tmp_path / "m.json")
    read = load_model(tmp_path / "m.json").parameters[0].value[0]
    assert [value.hex() for value in read] == [value.hex() for value in odd]


def test_ints_come_back_as_ints(tmp_path: Path) -> None:
    model = Sequential([Dense(1, weight=[[2, 3]], bias=[1])])
    model.save(tmp_path / "m.json")
    assert load_model(tmp_path / "m.json").predict([[1, 1]]) == [[6]]


def test_a_model_that_was_never_compiled_can_be_saved_too(tmp_path: Path) -> None:
    Sequential([Dense(1, fan_in=2)], seed=1).save(tmp_path / "m.json")
    loaded = load_model(tmp_path / "m.json")
    assert (loaded.optimizer, loaded.loss) == (None, None)


def test_a_plugins_activation_comes_back_as_long_as_the_plugin_is_there(tmp_path: Path) -> None:
    class Plugin:
        @hookimpl
        def layerkit_activations(self) -> Any:
            return [Activation("thrice", lambda x, k: k * x, parameters={"k": 3})]

    plugin, path = Plugin(), tmp_path / "m.json"
    register(plugin)
    try:
        model = Sequential([Dense(1, {"name": "thrice", "k": 4}, weight=[[1.0]])])
        model.save(path)
        assert load_model(path).predict([[2.0]]) == [[8.0]]
    finally:
        unregister(plugin)
    with pytest.raises(LayerkitError, match="unknown activation 'thrice'"):
        load_model(path)


class Own(Layer):
    def forward(self, x: Any, *, training: bool = False) -> Any:
        self.x = self.out = x
        return x


def sigmoid(x: Any) -> Any:
    return x / (1 + abs(x))


def own_metric(predicted: Any, target: Any) -> float:
    return 0.0


def with_bad_weight(value: Any) -> Sequential:
    model = model_of(Dense(1))
    model.parameters[0].set_rows([[1.0, value, 1.0]])
    return model


UNSAVABLE = [
    (lambda: with_bad_weight(math.nan), "finite"),
    (lambda: with_bad_weight(math.inf), "finite"),
    (lambda: with_bad_weight(Fraction(1, 3)), "JSON"),
    (lambda: model_of(Dense(1), optimizer=SGD(lambda step: 0.1)), ""),
    (lambda: model_of(Dense(1), Own()), "unknown layer 'Own'"),
    (lambda: model_of(Dense(1, lambda x: x * x)), "not registered"),
    (lambda: model_of(Dense(1, sigmoid)), "not registered"),  # not the sigmoid that would be found by that name
    (lambda: model_of(Dense(1), metrics=[own_metric]), "own_metric"),
]


@pytest.mark.parametrize(("make", "text"), UNSAVABLE)
def test_what_could_not_be_read_back_is_not_written(make: Any, text: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text("the older file")
    with pytest.raises(ModelFileError) as caught:
        make().save(path)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_text() == "the older file"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.json"]


def test_a_model_without_weights_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(OrderError, match="no weights yet"):
        Sequential([Dense(1), Dense(1, weight=[[2.0]])]).save(tmp_path / "m.json")
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_written_or_is_none_is_refused(tmp_path: Path) -> None:
    model = model_of(Dense(1))
    for bad in (tmp_path / "no such folder" / "m.json", tmp_path, "nul\0byte"):
        with pytest.raises(ModelFileError, match="cannot write"):
            model.save(bad)
    for wrong in (None, 5.5):
        with pytest.raises(ArgumentTypeError, match="path"):
            model.save(wrong)
        with pytest.raises(ArgumentTypeError, match="path"):
            load_model(wrong)


def changed(tmp_path: Path, change: Any) -> Path:
    """The file of a good model, with one change to its content."""
    path = tmp_path / "model.json"
    model_of(Dense(2, "tanh"), Dense(1)).save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content = change(content) or content
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def weight(content: Any) -> Any:
    return content["model"]["layers"][0]["parameters"][0]


BROKEN: dict[str, Any] = {
    "no JSON": lambda c: "hello",
    "empty": lambda c: " ",
    "cut short": lambda c: json.dumps(c)[:200],
    "another JSON": lambda c: [1, 2, 3],
    "a list": lambda c: "[]",
    "deep": lambda c: "[" * 100_000,
    "other format": lambda c: c.update(format="keras"),
    "newer version": lambda c: c.update(version=99),
    "no model": lambda c: c.pop("model") and None,
    "model is text": lambda c: c.update(model="text"),
    "no layers": lambda c: c["model"].pop("layers") and None,
    "NaN": lambda c: weight(c)["value"][0].__setitem__(0, math.nan),
    "infinity": lambda c: json.dumps(c).replace("0.", "1e999, 0.", 1),
    "text weight": lambda c: weight(c)["value"][0].__setitem__(0, "a"),
    "ragged": lambda c: weight(c)["value"][1].pop() and None,
    "row missing": lambda c: weight(c)["value"].pop() and None,
    "number as weight": lambda c: weight(c).update(value=5),
    "no value": lambda c: weight(c).pop("value") and None,
    "a parameter too many": lambda c: c["model"]["layers"][0]["parameters"].append(weight(c)),
    "unknown layer": lambda c: c["model"]["layers"][0].update(type="Dence"),
    "unknown optimizer": lambda c: c["model"]["optimizer"].update(name="adm"),
    "unknown argument": lambda c: c["model"]["layers"][0]["config"].update(colour="red"),
    "negative units": lambda c: c["model"]["layers"][0]["config"].update(units=-1),
    "other width": lambda c: c["model"].update(fan_in=7),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_a_damaged_file_is_refused_in_one_line(change: Any, tmp_path: Path) -> None:
    path = changed(tmp_path, change)
    with pytest.raises(LayerkitError) as caught:
        load_model(path)
    assert "\n" not in str(caught.value)


def test_files_that_are_not_there_or_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="cannot read"):
        load_model(tmp_path / "nothing.json")
    with pytest.raises(ModelFileError, match="cannot read"):
        load_model(tmp_path)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ModelFileError, match="no text"):
        load_model(binary)


def test_ctrl_c_while_writing_leaves_the_older_file(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "m.json"
    path.write_text("older")

    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model_of(Dense(1), optimizer=Adam()).save(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.json"]
    assert path.read_text() == "older"
