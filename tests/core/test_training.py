"""Training: what a fit does to a model, and what it leaves behind where it does not come to its end.

Most tests run twice: object by object, and as layerkit chooses, which for models of this size is the unrolled program.
"""

from __future__ import annotations

import copy
import random
import sys
import types
from random import Random
from typing import Any, ClassVar

import pytest

from layerkit import (
    SGD,
    Adam,
    ArgumentError,
    ArgumentTypeError,
    Callback,
    Dense,
    Dropout,
    EarlyStopping,
    History,
    Layer,
    LearningRateSchedule,
    NumericsError,
    Sequential,
    TerminateOnNaN,
    UnknownNameError,
)

XOR_X, XOR_Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
LINE_X, LINE_Y = [[-2], [-1], [0], [1], [2]], [-4, -1, 2, 5, 8]  # y = 3 x + 2

both_ways = pytest.mark.parametrize("eagerly", [True, False], ids=["object by object", "as chosen"])


def line(rate: Any = 0.1, *, eagerly: bool = True, metrics: Any = ()) -> Sequential:
    """One unit, w = b = 1."""
    model = Sequential([Dense(1, weight=[[1.0]], bias=[1.0])], seed=1)
    model.compile(SGD(rate), "mse", metrics, run_eagerly=eagerly)
    return model


def network(optimizer: Any = None, *, eagerly: bool = True, seed: int = 4, dropout: float = 0) -> Sequential:
    layers = [Dense(3, "tanh", fan_in=2), *([Dropout(dropout)] if dropout else []), Dense(1, "sigmoid")]
    model = Sequential(layers, seed=seed)
    model.compile(optimizer or Adam(0.05), "binary_crossentropy", run_eagerly=eagerly)
    return model


def values(model: Sequential) -> list[Any]:
    return copy.deepcopy([parameter.value for parameter in model.parameters])


def state(model: Sequential) -> Any:
    """All that training changes."""
    step, kept = model.optimizer.state()  # type: ignore[union-attr]
    return (
        values(model),
        step,
        copy.deepcopy([kept.get(parameter) for parameter in model.parameters]),
        model.shuffle_rng.getstate(),
        [layer.random_states for layer in model.layers],
    )


def approximately(nested: Any) -> Any:
    return [approximately(part) if isinstance(part[0], list) else pytest.approx(part, rel=1e-9) for part in nested]


# -- what a fit does ------------------------------------------------------------------------------------------------


@both_ways
def test_the_line_of_the_lesson_is_fitted_to_its_published_numbers(eagerly: bool) -> None:
    model = line(eagerly=eagerly)
    model.fit(LINE_X, LINE_Y, epochs=2, batch_size=1, shuffle=False)
    assert model.parameters[0].value[0][0] == pytest.approx(3.0254803968, abs=5e-11)
    assert model.parameters[1].value[0] == pytest.approx(1.9490392064, abs=5e-11)


@both_ways
def test_one_batch_by_hand(eagerly: bool) -> None:
    # rows x = 1, 3 with t = 0, 0: y = 2, 4; E = (4 + 16)/2; dE/dw = mean of 2 y x = (4 + 24)/2, dE/db = (4 + 8)/2
    model = line(eagerly=eagerly)
    history = model.fit([[1], [3]], [0, 0])
    assert history.history == {"loss": [10.0]}
    assert values(model) == [[[pytest.approx(1 - 0.1 * 14)]], [pytest.approx(1 - 0.1 * 6)]]


@both_ways
def test_the_loss_of_an_epoch_weighs_every_row_alike(eagerly: bool) -> None:
    # batches of 2, 2 and 1 rows with a rate of 0: errors of the rows are 3, 1, −1, −3, −5
    model = line(0, eagerly=eagerly, metrics=["mae"])
    history = model.fit(LINE_X, LINE_Y, epochs=2, batch_size=2)
    assert history.history == {"loss": [pytest.approx(9.0)] * 2, "mae": [pytest.approx(2.6)] * 2}


@both_ways
def test_metrics_and_validation_are_measured_each_epoch(eagerly: bool) -> None:
    model = line(eagerly=eagerly, metrics=["mae", "r2"])
    history = model.fit(LINE_X, LINE_Y, epochs=3, validation_data=([[10]], [32]))
    assert list(history.history) == ["loss", "mae", "r2", "val_loss", "val_mae", "val_r2"]
    assert {len(column) for column in history.history.values()} == {3}
    # validation sees the parameters after the epoch
    w, b = model.parameters[0].value[0][0], model.parameters[1].value[0]
    assert history.history["val_mae"][-1] == pytest.approx(abs(10 * w + b - 32))
    assert model.history is history
    assert history.epoch == [0, 1, 2]


@both_ways
def test_two_fits_are_one_longer_fit(eagerly: bool) -> None:
    once, twice = network(eagerly=eagerly), network(eagerly=eagerly)
    once.fit(XOR_X, XOR_Y, epochs=5, batch_size=2)
    twice.fit(XOR_X, XOR_Y, epochs=2, batch_size=2)
    twice.fit(XOR_X, XOR_Y, epochs=3, batch_size=2)
    assert state(once) == state(twice)


@both_ways
@pytest.mark.parametrize("dropout", [0, 0.5])
def test_a_seeded_run_repeats_bit_for_bit(eagerly: bool, dropout: float) -> None:
    def run() -> Any:
        model = network(eagerly=eagerly, dropout=dropout)
        history = model.fit(XOR_X, XOR_Y, epochs=7, batch_size=3)
        return state(model), history.history, model.predict(XOR_X)

    assert run() == run()


@pytest.mark.parametrize("dropout", [0, 0.5])
@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_both_ways_of_training_agree(dropout: float, batch_size: int) -> None:
    models = [network(eagerly=eagerly, dropout=dropout) for eagerly in (True, False)]
    histories = [model.fit(XOR_X, XOR_Y, epochs=20, batch_size=batch_size).history["loss"] for model in models]
    assert histories[1] == pytest.approx(histories[0], rel=1e-9)
    assert values(models[1]) == approximately(values(models[0]))
    assert state(models[0])[3:] == state(models[1])[3:]
    assert models[1].optimizer.step == models[0].optimizer.step  # type: ignore[union-attr]


@both_ways
def test_shuffling_uses_the_models_own_generator_and_no_other(eagerly: bool) -> None:
    random.seed(1)
    before = random.getstate()
    model = network(eagerly=eagerly)
    expected = Random()
    expected.setstate(model.shuffle_rng.getstate())
    for _ in range(3):
        expected.shuffle(list(range(4)))
    model.fit(XOR_X, XOR_Y, epochs=3)
    assert model.shuffle_rng.getstate() == expected.getstate()
    assert random.getstate() == before


def test_the_rows_of_a_batch_are_those_that_the_generator_chose() -> None:
    model, seen = line(), []

    class Looking(Layer):
        def forward(self, x: Any, *, training: bool = False) -> Any:
            self.x = self.out = x
            seen.append([row[0] for row in x])
            return x

        def backward(self, dout: Any) -> Any:
            return dout

    model = Sequential([Looking(), Dense(1)], seed=9)
    model.compile("sgd", "mse", run_eagerly=True)
    orders = []
    chooser = Random(9)
    for _ in range(2):
        order = list(range(5))
        chooser.shuffle(order)
        orders.append(order)
    model.fit([[n] for n in range(5)], [0] * 5, epochs=2, batch_size=2)
    flat = [[*seen[k], *seen[k + 1], *seen[k + 2]] for k in (0, 3)]
    assert flat == orders
    assert [len(batch) for batch in seen] == [2, 2, 1] * 2
    seen.clear()
    model.fit([[n] for n in range(5)], [0] * 5, batch_size=5, shuffle=False)
    assert seen == [[0, 1, 2, 3, 4]]


@both_ways
def test_what_is_not_trainable_stays(eagerly: bool) -> None:
    model = network(eagerly=eagerly)
    model.parameters[1].trainable = False
    before = values(model)
    model.fit(XOR_X, XOR_Y, epochs=3)
    assert [a == b for a, b in zip(values(model), before)] == [False, True, False, False]


@both_ways
def test_a_rate_that_is_a_function_is_asked_at_each_step(eagerly: bool) -> None:
    def rate(step: int) -> float:
        return 0.1 if step < 10 else 0.0

    model = line(rate, eagerly=eagerly)
    model.fit(LINE_X, LINE_Y, epochs=2, batch_size=1, shuffle=False)
    ten_steps = values(model)
    assert ten_steps == [[[pytest.approx(3.0254803968)]], [pytest.approx(1.9490392064)]]
    model.fit(LINE_X, LINE_Y, epochs=3, batch_size=1)
    assert values(model) == ten_steps


def test_train_on_batch_is_one_step_and_returns_the_loss_before_it() -> None:
    model = line()
    assert model.train_on_batch([[1], [3]], [0, 0]) == 10.0
    assert values(model) == [[[pytest.approx(-0.4)]], [pytest.approx(0.4)]]
    assert model.layers[0].x == [[1.0], [3.0]]
    assert len(model.history) == 0


# -- what a fit leaves where it fails -------------------------------------------------------------------------------


def after_batches(make: Any, count: int, batch_size: int = 2) -> Any:
    """The state after so many batches of XOR in order, one train_on_batch each."""
    model = make()
    batches = [(XOR_X[k : k + batch_size], XOR_Y[k : k + batch_size]) for k in range(0, 4, batch_size)]
    for k in range(count):
        model.train_on_batch(*batches[k % len(batches)])
    return model


def same_training(found: Sequential, wanted: Sequential) -> None:
    got, expected = state(found), state(wanted)
    assert got[0] == approximately(expected[0])
    assert got[1] == expected[1]
    for one, other in zip(got[2], expected[2]):
        assert [len(row) for row in one] == [len(row) for row in other]
        for rows in zip(one, other):
            for slots in zip(*rows):
                assert slots[0] == pytest.approx(slots[1], rel=1e-9)


@both_ways
def test_a_number_that_is_not_finite_names_epoch_and_batch_and_leaves_the_last_complete_batch(eagerly: bool) -> None:
    # the sixth update, the second batch of the third epoch, is too much
    def rate(step: int) -> float:
        return 0.01 if step < 5 else 1.7e308

    def make() -> Sequential:
        model = Sequential([Dense(3, "tanh", fan_in=2), Dense(1)], seed=2)
        model.compile(SGD(rate, momentum=0.9), "mse", run_eagerly=eagerly)
        return model

    model, y = make(), [0, 100, 200, 300]
    with pytest.raises(NumericsError, match=r"fit, epoch 3, batch 2: .*dense_\d\.(weight|bias)") as caught:
        model.fit(XOR_X, y, epochs=9, batch_size=2, shuffle=False)
    assert "\n" not in str(caught.value)
    wanted = make()
    for k in range(5):
        wanted.train_on_batch(XOR_X[2 * (k % 2) :][:2], y[2 * (k % 2) :][:2])
    same_training(model, wanted)
    assert model.history.epoch == [0, 1]
    assert len(model.history.history["loss"]) == 2
    model.optimizer.learning_rate = 0.01  # type: ignore[union-attr]
    model.fit(XOR_X, y, epochs=2)  # it can be used on


@both_ways
def test_a_failed_fit_leaves_the_generators_as_after_the_epochs_it_began(eagerly: bool) -> None:
    model = line(lambda step: 0.01 if step < 7 else 1e308, eagerly=eagerly)
    expected = Random()
    expected.setstate(model.shuffle_rng.getstate())
    for _ in range(2):
        expected.shuffle(list(range(5)))
    with pytest.raises(NumericsError, match="epoch 2, batch 3"):
        model.fit(LINE_X, [1000] * 5, epochs=50, batch_size=1)
    assert model.shuffle_rng.getstate() == expected.getstate()


@both_ways
def test_a_squared_error_of_1e200_is_one_numerics_error_of_fit(eagerly: bool) -> None:
    model = line(eagerly=eagerly)
    before = state(model)
    with pytest.raises(NumericsError) as caught:
        model.fit([[1e200]], [0])
    assert str(caught.value).startswith("fit, epoch 1, batch 1: ")
    assert "mean_squared_error" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert state(model)[:3] == before[:3]


@both_ways
def test_an_output_that_is_not_finite_names_the_layer(eagerly: bool) -> None:
    model = Sequential([Dense(1, weight=[[1e300]]), Dense(1, weight=[[1.0]])], seed=1)
    model.compile("sgd", "mae", run_eagerly=eagerly)
    with pytest.raises(NumericsError, match=r"fit, epoch 1, batch 1: Dense 'dense_1': net is inf"):
        model.fit([[1e9]], [0])


@both_ways
def test_terminate_on_nan_ends_quietly_with_the_last_good_parameters(eagerly: bool) -> None:
    model = line(lambda step: 0.01 if step < 7 else 1e308, eagerly=eagerly)
    history = model.fit(LINE_X, [1000] * 5, epochs=50, batch_size=1, shuffle=False, callbacks=[TerminateOnNaN()])
    assert history.epoch == [0]
    good = line(0.01)
    for k in range(7):
        good.train_on_batch([LINE_X[k % 5]], [1000])
    assert values(model) == approximately(values(good))


class Interrupting(Layer):
    """Passes everything on until it is interrupted at one forward or backward pass of training."""

    def __init__(self, forwards: int = -1, backwards: int = -1) -> None:
        self.left = [forwards, backwards]

    def _count(self, which: int) -> None:
        self.left[which] -= 1
        if self.left[which] == 0:
            raise KeyboardInterrupt

    def forward(self, x: Any, *, training: bool = False) -> Any:
        if training:
            self._count(0)
        self.x = self.out = x
        return x

    def backward(self, dout: Any) -> Any:
        self._count(1)
        self.dout = self.dx = dout
        return dout


@pytest.mark.parametrize("where", [{"forwards": 6}, {"backwards": 6}])
def test_ctrl_c_inside_a_layer_leaves_the_last_complete_batch(where: Any) -> None:
    def make(**stop: int) -> Sequential:
        layers = [Dense(3, "tanh", fan_in=2), Dropout(0.5), Interrupting(**stop), Dense(1, "sigmoid")]
        model = Sequential(layers, seed=4)
        model.compile(Adam(0.05), "binary_crossentropy", run_eagerly=True)
        return model

    model = make(**where)
    with pytest.raises(KeyboardInterrupt):
        model.fit(XOR_X, XOR_Y, epochs=9, batch_size=2, shuffle=False)
    assert state(model) == state(after_batches(make, 5))
    assert model.history.epoch == [0, 1]
    model.fit(XOR_X, XOR_Y)


def test_ctrl_c_in_the_middle_of_an_update_leaves_the_last_complete_batch() -> None:
    class Interrupted(Adam):
        rows = 0

        def update_row(self, *arguments: Any) -> Any:
            self.rows += 1
            if self.rows == 5 * 6 + 4:  # of the 3 + 1 + 1 + 1 rows of each update
                raise KeyboardInterrupt
            return super().update_row(*arguments)

    model = network(Interrupted(0.05))
    with pytest.raises(KeyboardInterrupt):
        model.fit(XOR_X, XOR_Y, epochs=9, batch_size=2, shuffle=False)
    assert state(model) == state(after_batches(network, 5))
    assert model.history.epoch == [0, 1]


def test_ctrl_c_between_the_changes_of_two_parameters_takes_back_the_first() -> None:
    model = network()
    model.fit(XOR_X, XOR_Y, epochs=2, batch_size=2, shuffle=False)
    before = state(model)
    second = model.parameters[1]
    original = second.set_rows

    def interrupted(rows: Any) -> None:
        original(rows)
        raise KeyboardInterrupt

    second.set_rows = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        model.train_on_batch(XOR_X, XOR_Y)
    assert state(model) == before


@both_ways
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_in_a_callback_leaves_the_model_and_history_of_that_epoch(
    eagerly: bool, error: type[BaseException]
) -> None:
    def failing(model: Any, epoch: int, logs: Any) -> None:
        if epoch == 2:
            raise error

    model = network(eagerly=eagerly)
    with pytest.raises(error):
        model.fit(XOR_X, XOR_Y, epochs=9, batch_size=2, shuffle=False, callbacks=failing)
    same_training(model, after_batches(network, 6))
    assert model.history.epoch == [0, 1, 2]
    assert len(model.history.history["loss"]) == 3
    model.fit(XOR_X, XOR_Y)
    assert model.history.epoch == [0]


def test_a_fit_that_fails_brings_back_no_earlier_weights() -> None:
    def failing(model: Any, epoch: int, logs: Any) -> None:
        if epoch == 3:
            raise ValueError

    model = network(SGD(5.0))  # a rate at which the loss goes up and down
    stopping = EarlyStopping("loss", patience=99, restore_best_weights=True, mode="max")
    with pytest.raises(ValueError):
        model.fit(XOR_X, XOR_Y, epochs=9, batch_size=2, shuffle=False, callbacks=[stopping, failing])
    wanted = after_batches(lambda: network(SGD(5.0)), 8)
    assert values(model) == values(wanted)


# -- callbacks ------------------------------------------------------------------------------------------------------


@both_ways
def test_callbacks_are_called_in_order_with_epoch_and_logs(eagerly: bool) -> None:
    calls: list[Any] = []

    class Noting(Callback):
        def begin(self, model: Any) -> None:
            calls.append("begin")

        def before_epoch(self, model: Any, epoch: int) -> None:
            calls.append(("before", epoch))

        def __call__(self, model: Any, epoch: int, logs: Any) -> None:
            calls.append(("after", epoch, sorted(logs)))

        def end(self, model: Any) -> None:
            calls.append("end")

    model = line(eagerly=eagerly, metrics=["mae"])
    model.fit(LINE_X, LINE_Y, epochs=2, callbacks=[Noting(), lambda model, epoch, logs: calls.append(epoch)])
    logs = ["loss", "mae"]
    assert calls == ["begin", ("before", 0), ("after", 0, logs), 0, ("before", 1), ("after", 1, logs), 1, "end"]


@both_ways
def test_a_callback_sees_the_parameters_after_its_epoch(eagerly: bool) -> None:
    seen = []
    model = line(eagerly=eagerly)
    model.fit(LINE_X, LINE_Y, epochs=2, batch_size=1, shuffle=False,
              callbacks=lambda model, epoch, logs: seen.append(model.parameters[0].value[0][0]))  # fmt: skip
    assert seen[1] == pytest.approx(3.0254803968)
    assert seen[0] != seen[1]


@both_ways
def test_stop_training_ends_after_the_epoch(eagerly: bool) -> None:
    def stop(model: Any, epoch: int, logs: Any) -> None:
        model.stop_training = epoch == 1

    model = line(eagerly=eagerly)
    assert model.fit(LINE_X, LINE_Y, epochs=9, callbacks=[stop]).epoch == [0, 1]
    assert model.fit(LINE_X, LINE_Y, epochs=3).epoch == [0, 1, 2]  # it does not stay stopped


def stopped(values: list[float], **arguments: Any) -> tuple[Any, Any]:
    """At which epoch EarlyStopping stops on these values, and which it found best."""
    stopping = EarlyStopping("q", **arguments)
    model = types.SimpleNamespace(stop_training=False, parameters=[])
    stopping.begin(model)
    for epoch, value in enumerate(values):
        stopping(model, epoch, {"q": value})
        if model.stop_training:
            break
    return stopping.stopped_epoch, stopping.best_epoch


@pytest.mark.parametrize(
    ("values", "arguments", "expected"),
    [
        ([3, 2, 1], {}, (None, 2)),
        ([3, 2, 2], {}, (2, 1)),
        ([3, 2, 2, 1], {"patience": 1}, (2, 1)),  # as in Keras, 0 and 1 are the same
        ([3, 4, 2, 3, 3, 1], {"patience": 2}, (4, 2)),
        ([3, 4, 2, 3, 3, 3, 1], {"patience": 3}, (5, 2)),
        ([3, 2.95, 2.5], {"min_delta": 0.1}, (1, 0)),
        ([1, 2, 1.5], {"mode": "max"}, (2, 1)),
        ([1, 2, 1.5], {"mode": "min"}, (1, 0)),
    ],
)
def test_early_stopping_by_hand(values: Any, arguments: Any, expected: Any) -> None:
    assert stopped(values, **arguments) == expected


def test_more_accuracy_is_better_and_less_loss() -> None:
    assert EarlyStopping("val_accuracy").larger_is_better
    assert EarlyStopping("r2").larger_is_better
    assert not EarlyStopping("val_loss").larger_is_better


@both_ways
def test_early_stopping_can_bring_back_the_best_parameters(eagerly: bool) -> None:
    # w = 1, b = 1, rate .9 with one row x = 1, t = 0: the error 2 grows by a factor of |1 − 2·.9·2| = 2.6 each step
    model = line(0.9, eagerly=eagerly)
    seen = []
    stopping = EarlyStopping("val_loss", patience=3, restore_best_weights=True)
    model.fit([[1]], [0], epochs=20, validation_data=([[1]], [0]),
              callbacks=[lambda model, epoch, logs: seen.append(values(model)), stopping])  # fmt: skip
    assert (stopping.best_epoch, stopping.stopped_epoch) == (0, 3)
    assert values(model) == seen[0]
    assert seen[0] == [[[pytest.approx(-2.6)]], [pytest.approx(-2.6)]]
    assert len(model.history) == 4


def test_early_stopping_on_what_is_not_measured_names_what_is() -> None:
    with pytest.raises(UnknownNameError, match=r"val_loss.*Known: loss"):
        line().fit(LINE_X, LINE_Y, callbacks=[EarlyStopping()])


@both_ways
def test_a_learning_rate_schedule_sets_the_rate_before_each_epoch(eagerly: bool) -> None:
    model, rates = line(0.08, eagerly=eagerly), []
    halve = LearningRateSchedule(lambda epoch, rate: rate / 2 if epoch else rate)
    model.fit(LINE_X, LINE_Y, epochs=3, callbacks=[halve, lambda m, *_: rates.append(m.optimizer.learning_rate)])
    assert rates == [0.08, 0.04, 0.02]
    by_hand = line(0.08)
    for rate in (0.08, 0.04, 0.02):
        by_hand.optimizer.learning_rate = rate  # type: ignore[union-attr]
        by_hand.train_on_batch(LINE_X, LINE_Y)
    assert values(model) == approximately(values(by_hand))


@pytest.mark.parametrize("rate", [-1.0, "fast", None])
def test_a_schedule_that_gives_no_rate_stops_the_training(rate: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match="learning_rate"):
        line().fit(LINE_X, LINE_Y, callbacks=[LearningRateSchedule(lambda epoch, now: rate)])


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: EarlyStopping(patience=-1), ArgumentError),
        (lambda: EarlyStopping(patience=1.5), ArgumentTypeError),  # type: ignore[arg-type]
        (lambda: EarlyStopping(min_delta=-1), ArgumentError),
        (lambda: EarlyStopping(mode="best"), ArgumentError),
        (lambda: LearningRateSchedule(0.1), ArgumentTypeError),  # type: ignore[arg-type]
    ],
)
def test_an_impossible_callback_is_refused(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


def test_no_callbacks_may_be_written_as_none() -> None:
    assert len(line().fit(LINE_X, LINE_Y, callbacks=None)) == 1


# -- history and progress -------------------------------------------------------------------------------------------


def test_a_history_prints_a_line_for_each_epoch() -> None:
    history = line(0).fit(LINE_X, LINE_Y, epochs=2)
    assert isinstance(history, History)
    assert [text.split() for text in str(history).splitlines()[2:]] == [["0", "9"], ["1", "9"]]
    assert repr(history) == "<History of 2 epochs: loss>"


def test_training_is_silent_where_nobody_watches(capsys: Any) -> None:
    line().fit(LINE_X, LINE_Y, epochs=3)
    line().fit(LINE_X, LINE_Y, epochs=3, verbose=0)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_verbose_2_prints_a_plain_line_for_each_epoch(capsys: Any) -> None:
    line(0, metrics=["mae"]).fit(LINE_X, LINE_Y, epochs=3, verbose=2)
    assert capsys.readouterr().err.splitlines() == [f"epoch {n}/3  loss 9  mae 2.6" for n in (1, 2, 3)]


def test_verbose_1_without_tqdm_shows_the_first_and_the_last_epoch(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    line(0).fit(LINE_X, LINE_Y, epochs=50, verbose=1)
    lines = capsys.readouterr().err.splitlines()
    assert (lines[0], lines[-1]) == ("epoch 1/50  loss 9", "epoch 50/50  loss 9")


class FakeBar:
    made: ClassVar[list[FakeBar]] = []

    def __init__(self, **arguments: Any) -> None:
        self.arguments, self.done, self.texts, self.closed = arguments, 0, [], False
        FakeBar.made.append(self)

    def update(self, count: int) -> None:
        self.done += count

    def set_postfix_str(self, text: str, refresh: bool = True) -> None:
        self.texts.append(text)

    def close(self) -> None:
        self.closed = True


def test_tqdm_is_used_where_it_is_installed_and_closed_after_an_error(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", types.SimpleNamespace(tqdm=FakeBar))
    monkeypatch.setattr(FakeBar, "made", [])
    line(0).fit(LINE_X, LINE_Y, epochs=3, verbose=1, callbacks=[lambda model, epoch, logs: None])
    (bar,) = FakeBar.made
    assert (bar.arguments["total"], bar.done, bar.closed, bar.texts[-1]) == (3, 3, True, "loss 9")

    def failing(model: Any, epoch: int, logs: Any) -> None:
        raise ValueError

    with pytest.raises(ValueError):
        line(0).fit(LINE_X, LINE_Y, verbose=1, callbacks=failing)
    assert FakeBar.made[-1].closed


def test_data_that_are_refused_begin_no_bar(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", types.SimpleNamespace(tqdm=FakeBar))
    monkeypatch.setattr(FakeBar, "made", [])
    with pytest.raises(ValueError):
        line().fit([[1, 2]], [1], verbose=1)
    assert FakeBar.made == []


def test_a_terminal_shows_progress_without_being_asked(monkeypatch: Any) -> None:
    pty = pytest.importorskip("pty")
    import os
    import subprocess

    program = (
        "import sys; sys.modules['tqdm'] = None\n"
        "import layerkit\n"
        "m = layerkit.Sequential([layerkit.Dense(1, weight=[[1.0]], bias=[1.0])]); m.compile(layerkit.SGD(0), 'mse')\n"
        "m.fit([[1]], [0], epochs=3)\n"
    )
    outer, inner = pty.openpty()
    try:
        subprocess.run([sys.executable, "-c", program], stderr=inner, check=True, timeout=60)
        shown = os.read(outer, 10_000).decode()
    finally:
        os.close(inner)
        os.close(outer)
    assert "epoch 1/3  loss 4" in shown
    assert "epoch 3/3  loss 4" in shown
