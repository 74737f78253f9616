"""Optimizers: two steps of each by hand, and what all of them promise.

The weight begins at 1, its gradients are 0.5 and then −0.2. The results with square roots were computed with mpmath at
30 digits from the published formulas.
"""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

import pytest

from layerkit import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    ArgumentError,
    ArgumentTypeError,
    NumericsError,
    Optimizer,
    OrderError,
    Parameter,
    RMSprop,
    Rprop,
    UnknownNameError,
    get_optimizer,
)
from layerkit.plugins import registry

OPTIMIZERS = {cls.name: cls for _, cls in registry.all("optimizer").values()}


def run(optimizer: Optimizer, gradients: list[Any], value: Any = 1.0) -> list[Any]:
    """The values that one weight takes."""
    parameter = Parameter("w", [[value]])
    values = []
    for gradient in gradients:
        parameter.grad = [[gradient]]
        optimizer.update([parameter])
        values.append(parameter.value[0][0])
    return values


BY_HAND = [
    # 1 − .1·.5 = .95;  .95 + .1·.2 = .97
    (SGD(0.1), [0.95, 0.97]),
    # v = −.05, w = .95;  v = .9·−.05 + .02 = −.025, w = .925
    (SGD(0.1, momentum=0.9), [0.95, 0.925]),
    # v = −.05, w = 1 + .9·−.05 − .05 = .905;  v = −.025, w = .905 + .9·−.025 + .02 = .9025
    (SGD(0.1, momentum=0.9, nesterov=True), [0.905, 0.9025]),
    # s = .1 + .25, then + .04;  w ← w − .1 g / √(s + 1e-7)
    (AdaGrad(0.1), [0.91548458660077797, 0.94751021325594608]),
    # s = .1·.25, then .9 s + .1·.04;  w ← w − .1 g / √(s + 1e-7)
    (RMSprop(0.1), [0.68377286643679674, 0.80663165799476499]),
    (Adam(0.1), [0.90000063245153206, 0.86544025069335561]),
    (AdamW(0.1, weight_decay=0.01), [0.89900063245153206, 0.86354125006090407]),
    # step .1: w = .9;  the sign changes: step .05, and the weight waits
    (Rprop(0.1), [0.9, 0.9]),
]


@pytest.mark.parametrize(("optimizer", "expected"), BY_HAND, ids=lambda case: repr(case)[:40])
def test_two_steps_by_hand(optimizer: Optimizer, expected: list[float]) -> None:
    assert run(optimizer, [0.5, -0.2]) == pytest.approx(expected, rel=1e-14)


def test_every_built_in_optimizer_is_worked_out_by_hand_above() -> None:
    assert {c for c in OPTIMIZERS.values() if c.__module__.startswith("layerkit.")} == {type(o) for o, _ in BY_HAND}


def test_the_defaults_are_those_of_keras() -> None:
    assert SGD().config() == {"learning_rate": 0.01, "momentum": 0, "nesterov": False}
    assert AdaGrad().config() == {"learning_rate": 0.001, "initial_accumulator_value": 0.1, "epsilon": 1e-7}
    assert RMSprop().config() == {"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-7}
    adam = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
    assert Adam().config() == adam
    assert AdamW().config() == {**adam, "weight_decay": 0.004}


def test_rprop_speeds_up_slows_down_waits_and_stays_within_its_limits() -> None:
    # steps: .1 (the rate), .12 (same sign), .06 (changed: wait), .06 (nothing to compare with), .072
    values = run(Rprop(0.1), [3.0, 0.01, -5.0, -1.0, -1.0], 0.0)
    assert values == pytest.approx([-0.1, -0.22, -0.22, -0.16, -0.088])
    assert run(Rprop(0.1, largest=0.11), [1.0, 1.0, 1.0], 0.0) == pytest.approx([-0.1, -0.21, -0.32])
    assert run(Rprop(0.1, smallest=0.09), [1.0, -1.0, 1.0], 0.0) == pytest.approx([-0.1, -0.1, -0.19])
    assert run(Rprop(0.1), [0.0, 0.0], 7.0) == [7.0, 7.0]


def test_sgd_with_fractions_is_exact() -> None:
    third = Fraction(1, 3)
    assert run(SGD(third), [Fraction(1, 2), Fraction(-1, 5)], Fraction(1)) == [Fraction(5, 6), Fraction(9, 10)]
    with_momentum = SGD(third, momentum=Fraction(1, 2))
    # v = −1/6, w = 5/6;  v = −1/12 + 1/15 = −1/60, w = 49/60
    assert run(with_momentum, [Fraction(1, 2), Fraction(-1, 5)], Fraction(1)) == [Fraction(5, 6), Fraction(49, 60)]


def test_a_learning_rate_may_be_a_function_of_the_step_from_zero() -> None:
    seen: list[int] = []

    def rate(step: int) -> float:
        seen.append(step)
        return [0.1, 0.01, 0.0][step]

    assert run(SGD(rate), [1.0, 1.0, 1.0]) == pytest.approx([0.9, 0.89, 0.89])
    assert seen == [0, 1, 2]


@pytest.mark.parametrize("rate", [-1.0, float("nan"), "fast", None])
def test_a_rate_function_that_gives_no_rate_stops_the_update(rate: Any) -> None:
    parameter = Parameter("w", [[1.0]])
    parameter.grad = [[1.0]]
    with pytest.raises((ArgumentError, ArgumentTypeError), match=r"learning_rate\(0\)"):
        SGD(lambda step: rate).update([parameter])
    assert parameter.value == [[1.0]]


def fresh(name: str) -> Optimizer:
    return OPTIMIZERS[name](learning_rate=0.1)


def two_parameters() -> list[Parameter]:
    weight, bias = Parameter("weight", [[1.0, -2.0], [0.5, 3.0]]), Parameter("bias", [0.25, -0.75])
    weight.grad, bias.grad = [[0.5, 0.1], [-0.3, 0.0]], [1.0, -2.0]
    return [weight, bias]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_update_replaces_the_values_and_writes_to_no_list_it_was_given(name: str) -> None:
    parameters, optimizer = two_parameters(), fresh(name)
    for _ in range(2):
        values, gradients = [p.value for p in parameters], [p.grad for p in parameters]
        kept = copy.deepcopy((values, gradients))
        optimizer.update(parameters)
        assert (values, gradients) == kept
        assert [p.value for p in parameters] != values
        assert [p.shape for p in parameters] == [(2, 2), (2,)]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_number_is_updated_as_if_it_were_alone(name: str) -> None:
    parameters, optimizer = two_parameters(), fresh(name)
    pairs = [(1.0, 0.5), (-2.0, 0.1), (0.5, -0.3), (3.0, 0.0), (0.25, 1.0), (-0.75, -2.0)]
    for _ in range(3):
        optimizer.update(parameters)
    together = [number for parameter in parameters for row in parameter.rows() for number in row]
    assert together == [run(fresh(name), [g] * 3, w)[-1] for w, g in pairs]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_parameter_that_is_not_trainable_keeps_its_value(name: str) -> None:
    parameters = two_parameters()
    parameters[1].trainable = False
    fresh(name).update(parameters)
    assert parameters[1].value == [0.25, -0.75]
    assert parameters[0].value != [[1.0, -2.0], [0.5, 3.0]]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_restore_goes_back_to_the_moment_of_the_state(name: str) -> None:
    parameters, optimizer = two_parameters(), fresh(name)
    optimizer.update(parameters)
    state, values = optimizer.state(), [p.value for p in parameters]
    optimizer.update(parameters)
    once = [p.value for p in parameters]
    optimizer.update(parameters)
    optimizer.restore(state)
    for parameter, value in zip(parameters, values):
        parameter.value = value
    assert optimizer.step == 1
    optimizer.update(parameters)
    assert [p.value for p in parameters] == once


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_an_update_that_is_not_finite_changes_nothing_and_names_the_parameter(name: str, bad: float) -> None:
    parameters, optimizer = two_parameters(), fresh(name)
    optimizer.update(parameters)
    parameters[1].grad = [0.0, bad]
    before, state = [p.value for p in parameters], copy.deepcopy(list(optimizer.state()[1].values()))
    with pytest.raises(NumericsError, match=r"^bias: "):
        optimizer.update(parameters)
    assert [p.value for p in parameters] == before
    assert optimizer.step == 1
    assert list(optimizer.state()[1].values()) == state


@pytest.mark.parametrize("optimizer", [AdaGrad(0.1), RMSprop(0.1), Adam(0.1), AdamW(0.1)])
def test_a_square_that_exceeds_a_float_is_an_error_and_no_silent_standstill(optimizer: Optimizer) -> None:
    # (1e200)² is infinite; divided by its root every later step would be 0.
    with pytest.raises(NumericsError, match="finite"):
        run(optimizer, [1e200])


def test_a_weight_near_the_largest_float_is_no_error() -> None:
    parameter = Parameter("w", [[1.7e308, 1.7e308]])  # their sum is infinite
    parameter.grad = [[1.0, 1.0]]
    SGD(0.1).update([parameter])
    assert parameter.value == [[1.7e308, 1.7e308]]


def test_an_update_before_backward_says_so() -> None:
    with pytest.raises(OrderError, match="call backward before"):
        SGD().update([Parameter("w", [[1.0]])])


BAD: list[tuple[Any, type[Exception], str]] = [
    (lambda: SGD(-0.1), ArgumentError, "learning_rate must be >= 0"),
    (lambda: SGD(float("nan")), ArgumentError, "finite"),
    (lambda: SGD(float("inf")), ArgumentError, "finite"),
    (lambda: SGD("fast"), ArgumentTypeError, "number"),
    (lambda: SGD(None), ArgumentTypeError, "number"),  # type: ignore[arg-type]
    (lambda: SGD(True), ArgumentTypeError, "number"),
    (lambda: SGD(0.1, momentum=1), ArgumentError, "momentum"),
    (lambda: SGD(0.1, momentum=-0.1), ArgumentError, "momentum"),
    (lambda: SGD(0.1, nesterov=1), ArgumentTypeError, "nesterov"),  # type: ignore[arg-type]
    (lambda: Adam(beta_1=1.0), ArgumentError, "beta_1"),
    (lambda: Adam(beta_2=1.0), ArgumentError, "beta_2"),
    (lambda: Adam(epsilon=0), ArgumentError, "epsilon"),
    (lambda: AdamW(weight_decay=-1), ArgumentError, "weight_decay"),
    (lambda: AdaGrad(initial_accumulator_value=-1), ArgumentError, "initial_accumulator_value"),
    (lambda: RMSprop(rho=2), ArgumentError, "rho"),
    (lambda: Rprop(decrease=1), ArgumentError, "decrease"),
    (lambda: Rprop(increase=1), ArgumentError, "increase"),
    (lambda: Rprop(smallest=2, largest=1), ArgumentError, "largest"),
    (lambda: get_optimizer("adm"), UnknownNameError, "did you mean 'adam'"),
    (lambda: get_optimizer(5), ArgumentTypeError, "Optimizer"),
    (lambda: setattr(SGD(), "learning_rate", -1), ArgumentError, "learning_rate"),
]


@pytest.mark.parametrize(("make", "error", "text"), BAD)
def test_an_impossible_optimizer_is_refused_in_one_line(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_is_found_by_name_or_class_and_its_config_makes_an_equal_one(name: str) -> None:
    made = get_optimizer(name)
    assert type(made) is OPTIMIZERS[name]
    assert type(get_optimizer(OPTIMIZERS[name])) is OPTIMIZERS[name]
    assert get_optimizer(made) is made
    assert repr(OPTIMIZERS[name](**made.config())) == repr(made)
