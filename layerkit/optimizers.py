"""Optimizers: how a gradient changes a weight.

A subclass writes its rule for one row of weights, `update_row`, as plain arithmetic; `begin_row` gives the state that
it keeps for each row (a velocity, a mean square). Below, w is a weight, g its gradient, η the learning rate, t the
number of the update, from 1. Defaults and formulas are those of Keras where Keras has the optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Union

from layerkit import plugins
from layerkit.arguments import is_number, require_number
from layerkit.errors import ArgumentTypeError, NumericsError, short
from layerkit.linalg import Row, Rows
from layerkit.numerics import Number, is_finite, maximum, minimum, sqrt, where

Rate = Union[Number, Callable[[int], Number]]
State = tuple[list[Number], ...]  # rows of numbers, as many as the rule keeps
NewRow = tuple[list[Number], State]


class Optimizer:
    """Changes weights by `update_row(w, g, state, rate, step)` → (new weights, new state), without touching the old.

    `learning_rate` is a number, or a function of the step that gives one; steps count from 0.

    :raises ArgumentError: where the learning rate is negative or not finite.
    """

    name = ""

    def __init__(self, learning_rate: Rate) -> None:
        self.learning_rate = learning_rate
        self.step = 0
        self._state: dict[Any, list[State]] = {}  # by parameter

    @property
    def learning_rate(self) -> Rate:
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Rate) -> None:
        if is_number(value) or not callable(value):
            require_number(type(self).__name__, "learning_rate", value, at_least=0)
        self._learning_rate = value

    def rate_at(self, step: int) -> Number:
        """The learning rate of the update with that number, from 0."""
        rate = self._learning_rate
        if not callable(rate):
            return rate
        return require_number(type(self).__name__, f"learning_rate({step})", rate(step), at_least=0)

    def current_rate(self) -> Number:
        """The learning rate of the update to come."""
        return self.rate_at(self.step)

    def begin_row(self, w: Row) -> State:
        """The state of a row of weights before its first update."""
        return ()

    def update_row(self, w: Row, g: Row, state: State, rate: Number, step: Number) -> NewRow:
        """New weights and new state of one row; `step` is the number of this update, from 1."""
        raise NotImplementedError(f"{type(self).__name__}: an optimizer needs a rule. Fix: write update_row.")

    def update(self, parameters: Sequence[Any]) -> None:
        """One step for all trainable parameters; all of them change, or where an error is raised none does.

        :raises NumericsError: where a new weight or state is not finite; the message names the parameter.
        """
        rate, step = self.current_rate(), self.step + 1
        changes = []
        for parameter in parameters:
            if not parameter.trainable:
                continue
            rows, gradients = parameter.rows(), parameter.grad_rows()
            states = self.row_states(parameter)
            updated = [self.update_row(w, g, s, rate, step) for w, g, s in zip(rows, gradients, states)]
            new_rows = [row for row, _ in updated]
            kept = [row for _, state in updated for row in state]
            for what, numbers in (("weight", new_rows), ("mean of gradients", kept)):
                if not _are_finite(numbers):
                    raise NumericsError(
                        f"{parameter.name}: an update with learning rate {short(rate)} gives a {what} that is not "
                        "finite. Fix: lower the learning rate or scale the data."
                    )
            changes.append((parameter, new_rows, [state for _, state in updated]))
        for parameter, new_rows, new_states in changes:
            parameter.set_rows(new_rows)
            self._state[parameter] = new_states
        self.step = step

    def row_states(self, parameter: Any) -> list[State]:
        """The state of each row of a parameter, as before its first update where there was none."""
        return self._state.get(parameter) or [self.begin_row(row) for row in parameter.rows()]

    def set_row_states(self, parameter: Any, states: list[State]) -> None:
        """Replace the state of each row of a parameter."""
        self._state[parameter] = states

    def state(self) -> tuple[int, dict[Any, list[State]]]:
        """What `restore` takes to go back to this moment; updates never change what it holds."""
        return self.step, dict(self._state)

    def restore(self, state: tuple[int, dict[Any, list[State]]]) -> None:
        """Go back to the moment at which `state` was taken."""
        self.step, self._state = state[0], dict(state[1])

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer, without its state."""
        return {"learning_rate": self.learning_rate}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.config().items())})"


def _are_finite(rows: Rows) -> bool:
    """Whether all numbers are; their sum says so at once, unless it exceeds a float although none of them does."""
    return is_finite(sum(map(sum, rows))) or all(is_finite(number) for row in rows for number in row)


class SGD(Optimizer):
    """w ← w − η g. With momentum μ: v ← μ v − η g and w ← w + v (Nesterov: w ← w + μ v − η g).

    >>> SGD(0.5).update_row([4.0], [3.0], (), 0.5, 1)[0]
    [2.5]
    """

    name = "sgd"

    def __init__(self, learning_rate: Rate = 0.01, momentum: Number = 0, nesterov: bool = False) -> None:
        super().__init__(learning_rate)
        self.momentum = require_number("SGD", "momentum", momentum, at_least=0, below=1)
        self.nesterov = nesterov
        if not isinstance(nesterov, bool):
            raise ArgumentTypeError(f"SGD: nesterov must be True or False, got {short(nesterov)}. Fix: pass one.")

    def begin_row(self, w: Row) -> State:
        return ([0] * len(w),) if self.momentum else ()

    def update_row(self, w: Row, g: Row, state: State, rate: Number, step: Number) -> NewRow:
        if not self.momentum:
            return [a - rate * b for a, b in zip(w, g)], ()
        velocity = [self.momentum * v - rate * b for v, b in zip(state[0], g)]
        if self.nesterov:
            return [a + self.momentum * v - rate * b for a, v, b in zip(w, velocity, g)], (velocity,)
        return [a + v for a, v in zip(w, velocity)], (velocity,)

    def config(self) -> dict[str, Any]:
        return {**super().config(), "momentum": self.momentum, "nesterov": self.nesterov}


class AdaGrad(Optimizer):
    """s ← s + g², w ← w − η g / √(s + ε) (Duchi et al. 2011); s begins at `initial_accumulator_value`."""

    name = "adagrad"

    def __init__(
        self, learning_rate: Rate = 0.001, initial_accumulator_value: Number = 0.1, epsilon: Number = 1e-7
    ) -> None:
        super().__init__(learning_rate)
        self.initial_accumulator_value = require_number(
            "AdaGrad", "initial_accumulator_value", initial_accumulator_value, at_least=0
        )
        self.epsilon = require_number("AdaGrad", "epsilon", epsilon, above=0)

    def begin_row(self, w: Row) -> State:
        return ([self.initial_accumulator_value] * len(w),)

    def update_row(self, w: Row, g: Row, state: State, rate: Number, step: Number) -> NewRow:
        squares = [s + b * b for s, b in zip(state[0], g)]
        return [a - rate * b / sqrt(s + self.epsilon) for a, b, s in zip(w, g, squares)], (squares,)

    def config(self) -> dict[str, Any]:
        return {
            **super().config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }


class RMSprop(Optimizer):
    """s ← ρ s + (1 − ρ) g², w ← w − η g / √(s + ε) (Hinton, lecture 6e, 2012)."""

    name = "rmsprop"

    def __init__(self, learning_rate: Rate = 0.001, rho: Number = 0.9, epsilon: Number = 1e-7) -> None:
        super().__init__(learning_rate)
        self.rho = require_number("RMSprop", "rho", rho, at_least=0, below=1)
        self.epsilon = require_number("RMSprop", "epsilon", epsilon, above=0)

    def begin_row(self, w: Row) -> State:
        return ([0] * len(w),)

    def update_row(self, w: Row, g: Row, state: State, rate: Number, step: Number) -> NewRow:
        squares = [self.rho * s + (1 - self.rho) * (b * b) for s, b in zip(state[0], g)]
        return [a - rate * b / sqrt(s + self.epsilon) for a, b, s in zip(w, g, squares)], (squares,)

    def config(self) -> dict[str, Any]:
        return {**super().config(), "rho": self.rho, "epsilon": self.epsilon}


class Adam(Optimizer):
    """m ← β₁ m + (1 − β₁) g, s ← β₂ s + (1 − β₂) g², w ← w − η √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√s + ε).

    Kingma and Ba 2015, in the form at the end of their section 2; ε is their ε̂, as in Keras.
    """

    name = "adam"

    def __init__(
        self, learning_rate: Rate = 0.001, beta_1: Number = 0.9, beta_2: Number = 0.999, epsilon: Number = 1e-7
    ) -> None:
        super().__init__(learning_rate)
        who = type(self).__name__
        self.beta_1 = require_number(who, "beta_1", beta_1, at_least=0, below=1)
        self.beta_2 = require_number(who, "beta_2", beta_2, at_least=0, below=1)
        self.epsilon = require_number(who, "epsilon", epsilon, above=0)

    def begin_row(self, w: Row) -> State:
        return [0] * len(w), [0] * len(w)

    def update_row(self, w: Row, g: Row, state: State, rate: Number, step: Number) -> NewRow:
        means = [self.beta_1 * m + (1 - self.beta_1) * b for m, b in zip(state[0], g)]
        squares = [self.beta_2 * s + (1 - self.beta_2) * (b * b) for s, b in zip(state[1], g)]
        corrected = rate * sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        new = [a - corrected * m / (sqrt(s) + self.epsilon) for a, m, s in zip(w, means, squares)]
        return new, (means, squares)

    def config(self) -> dict[str, Any]:
        return {**super().config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


class AdamW(Adam):
    """Adam after w ← w − η λ w, with λ the `weight_decay` (Loshchilov and Hutter 2019)."""

    name = "adamw"

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        weight_decay: Number = 0.004,
        beta_1: Number = 0.9,
        beta_2: Number = 0.999,
        epsilon: Number = 1e-7,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon)
        self.weight_decay = require_number("AdamW", "weight_decay", weight_decay, at_least=0)

    def update_row(self, w: Row, g: Row, state: State, rate: Number, step: Number) -> NewRow:
        decayed = [a - rate * self.weight_decay * a for a in w]
        return super().update_row(decayed, g, state, rate, step)

    def config(self) -> dict[str, Any]:
        return {**super().config(), "weight_decay": self.weight_decay}


class Rprop(Optimizer):
    """w ← w − sign(g) δ, with a step δ of its own for each weight (Riedmiller and Braun 1993); for whole batches.

    δ grows by `increase` while the gradient keeps its sign and shrinks by `decrease` where it changes; after a change
    the weight waits for one update. δ begins at the learning rate, and stays within `smallest` and `largest`.
    """

    name = "rprop"

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        decrease: Number = 0.5,
        increase: Number = 1.2,
        smallest: Number = 1e-6,
        largest: Number = 50,
    ) -> None:
        super().__init__(learning_rate)
        self.decrease = require_number("Rprop", "decrease", decrease, above=0, below=1)
        self.increase = require_number("Rprop", "increase", increase, above=1)
        self.smallest = require_number("Rprop", "smallest", smallest, above=0)
        self.largest = require_number("Rprop", "largest", largest, above=smallest)

    def begin_row(self, w: Row) -> State:
        rate = self.current_rate()
        return [0] * len(w), [rate] * len(w)

    def update_row(self, w: Row, g: Row, state: State, rate: Number, step: Number) -> NewRow:
        before, sizes = state
        kept = [_sign(a) * _sign(b) for a, b in zip(before, g)]
        factors = [where(k > 0, self.increase, where(k < 0, self.decrease, 1)) for k in kept]
        sizes = [minimum(maximum(size * f, self.smallest), self.largest) for size, f in zip(sizes, factors)]
        used = [where(k < 0, 0 * b, b) for k, b in zip(kept, g)]  # 0 * b: so that an infinite gradient is not hidden
        return [a - _sign(b) * size for a, b, size in zip(w, used, sizes)], (used, sizes)

    def config(self) -> dict[str, Any]:
        return {
            **super().config(),
            "decrease": self.decrease, "increase": self.increase, "smallest": self.smallest, "largest": self.largest,
        }  # fmt: skip


def _sign(x: Number) -> Number:
    return where(x > 0, 1, where(x < 0, -1, 0))


BUILT_IN = (SGD, AdaGrad, RMSprop, Adam, AdamW, Rprop)


def get_optimizer(wanted: Any) -> Optimizer:
    """The optimizer of that name with its defaults; an `Optimizer` is returned as it is.

    >>> get_optimizer("sgd")
    SGD(learning_rate=0.01, momentum=0, nesterov=False)

    :raises UnknownNameError: where no plugin brings that name.
    """
    found: Optimizer = plugins.get("optimizer", wanted, Optimizer)
    return found
