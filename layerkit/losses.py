"""Losses: how far the prediction is from the target, averaged over the rows of a batch, and the way back.

``loss.forward(predicted, target)`` is a number; ``loss.backward()`` is its gradient at each prediction. A subclass
writes both for one row: `of_row` and `gradient_of_row`. Below, p is predicted, t target, K the number of outputs, Σ the
sum over the outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layerkit import numerics, plugins
from layerkit.arguments import require_number
from layerkit.errors import DataError, NumericsError, OrderError, ShapeError, short
from layerkit.linalg import Row, Rows
from layerkit.numerics import Number, exp, log, log1p, maximum, minimum, where
from layerkit.rows import as_rows


class Loss:
    """The mean over rows of `of_row`; a subclass gives `of_row(p, t)` and `gradient_of_row(p, t)`."""

    name = ""
    aliases: tuple[str, ...] = ()
    pairs_with = ""
    """The final activation with which `of_logits` and `gradient_of_logits` are this loss at the net input."""
    _seen: tuple[Rows, Rows, bool] | None = None

    def of_row(self, p: Row, t: Row) -> Number:
        """The loss of one row."""
        raise NotImplementedError(f"{type(self).__name__}: a loss needs this. Fix: write of_row(p, t).")

    def gradient_of_row(self, p: Row, t: Row) -> list[Number]:
        """d of_row / d p, K numbers."""
        raise NotImplementedError(f"{type(self).__name__}: a loss needs this. Fix: write gradient_of_row(p, t).")

    def of_logits(self, logits: Row, t: Row) -> Number:
        """The loss of one row, from the net input of the activation that it pairs with."""
        raise NotImplementedError(f"{type(self).__name__}: a loss needs this. Fix: write of_logits(logits, t).")

    def gradient_of_logits(self, logits: Row, t: Row) -> list[Number]:
        """d of_logits / d logits, K numbers."""
        raise NotImplementedError(
            f"{type(self).__name__}: a loss needs this. Fix: write gradient_of_logits(logits, t)."
        )

    def prepare(self, target: Rows, units: int) -> Rows:
        """Targets as rows of `units` numbers, checked: what `forward` takes.

        :raises ShapeError: where the target's width is not the number of outputs.
        """
        for n, row in enumerate(target):
            if len(row) != units:
                raise ShapeError(
                    f"{self.name}: target must be rows of {_numbers(units)} (one an output), row {n} has {len(row)}. "
                    f"Fix: {self._fix_width(units, len(row))}."
                )
        return target

    def _fix_width(self, units: int, width: int) -> str:
        return f"pass {units} targets for each row, or end the model in a layer of {_numbers(width, 'unit')}"

    def forward(self, predicted: Rows, target: Rows) -> Number:
        """The mean loss over the rows of predicted and target, both (n, K).

        :raises ShapeError: where the numbers of rows or columns differ.
        :raises DataError: where a number is not finite, or a target is not one that this loss takes.
        :raises NumericsError: where the loss exceeds the largest float.
        """
        rows = as_rows(self.name, "predicted", predicted, exact=True)
        targets = as_rows(self.name, "target", target, flat=True, exact=True)
        if len(rows) != len(targets):
            raise ShapeError(
                f"{self.name}: predicted and target must have the same number of rows, "
                f"got {len(rows)} and {len(targets)}. Fix: pass one target row for each prediction."
            )
        return self.measure(rows, self.prepare(targets, len(rows[0])))

    def measure(self, predicted: Rows, target: Rows, *, from_logits: bool = False) -> Number:
        """`forward` on targets that went through `prepare`; `from_logits`: on the net input of the activation."""
        of_row = self.of_logits if from_logits else self.of_row
        try:
            loss = numerics.mean([of_row(p, t) for p, t in zip(predicted, target)])
        except ZeroDivisionError:
            raise NumericsError(
                f"{self.name}: a row of outputs sums to 0, and a share of 0 is not a number. "
                "Fix: end the model in a softmax."
            ) from None
        except NumericsError:
            raise
        except ArithmeticError:  # the overflow of an int, a Fraction or a Decimal; floats become infinite
            loss = float("inf")
        if not numerics.is_finite(loss):
            raise NumericsError(
                f"{self.name}: the loss is {loss!r}, beyond what a float holds. "
                "Fix: lower the learning rate, or scale the data down."
            )
        self._seen = predicted, target, from_logits
        return loss

    def backward(self) -> list[list[Number]]:
        """dL/dpredicted (n, K) for the batch just seen: the gradient of each row, divided by the number of rows.

        :raises OrderError: before forward.
        """
        if self._seen is None:
            raise OrderError(f"{self.name}: backward needs the batch of forward. Fix: call forward first.")
        predicted, target, from_logits = self._seen
        gradient = self.gradient_of_logits if from_logits else self.gradient_of_row
        count = len(predicted)
        if count == 1:
            return [gradient(predicted[0], target[0])]
        return [[g / count for g in gradient(p, t)] for p, t in zip(predicted, target)]

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal loss."""
        return {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.config().items())})"


def _numbers(count: int, noun: str = "number") -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


class HalfSquaredError(Loss):
    """½ Σ (p − t)²: the E of the textbooks; gradient p − t.

    >>> HalfSquaredError().forward([[3, 4]], [[1, 1]])
    6.5
    """

    name = "half_squared_error"

    def of_row(self, p: Row, t: Row) -> Number:
        return sum((a - b) * (a - b) for a, b in zip(p, t)) / 2

    def gradient_of_row(self, p: Row, t: Row) -> list[Number]:
        return [a - b for a, b in zip(p, t)]


class MeanSquaredError(Loss):
    """1/K Σ (p − t)²; gradient 2 (p − t) / K.

    >>> MeanSquaredError().forward([[3, 4]], [[1, 1]])
    6.5
    """

    name = "mean_squared_error"
    aliases = ("mse",)

    def of_row(self, p: Row, t: Row) -> Number:
        return numerics.mean([(a - b) * (a - b) for a, b in zip(p, t)])

    def gradient_of_row(self, p: Row, t: Row) -> list[Number]:
        return [2 * (a - b) / len(p) for a, b in zip(p, t)]


class MeanAbsoluteError(Loss):
    """1/K Σ |p − t|; gradient sign(p − t) / K, and 0 where p = t.

    >>> MeanAbsoluteError().forward([[3, 4]], [[1, 1]])
    2.5
    """

    name = "mean_absolute_error"
    aliases = ("mae",)

    def of_row(self, p: Row, t: Row) -> Number:
        return numerics.mean([abs(a - b) for a, b in zip(p, t)])

    def gradient_of_row(self, p: Row, t: Row) -> list[Number]:
        # a − b stands for 0: it has their own type, and `where` makes the ints beside it that type, so 1 / K is exact.
        return [where(a > b, 1, where(a < b, -1, a - b)) / len(p) for a, b in zip(p, t)]


class Huber(Loss):
    """1/K Σ of ½ e² where |e| ≤ δ, else δ (|e| − ½ δ), with e = p − t (Huber 1964); gradient: e cut to ±δ, over K.

    >>> Huber(delta=1).forward([[3, 1.5]], [[1, 1]])
    0.8125
    """

    name = "huber"

    def __init__(self, delta: Number = 1) -> None:
        self.delta = require_number("Huber", "delta", delta, above=0)

    def of_row(self, p: Row, t: Row) -> Number:
        # With q the part of |e| up to δ, q (|e| − q/2) is both cases at once.
        errors = [abs(a - b) for a, b in zip(p, t)]
        near = [minimum(error, self.delta) for error in errors]
        return numerics.mean([q * (error - q / 2) for error, q in zip(errors, near)])

    def gradient_of_row(self, p: Row, t: Row) -> list[Number]:
        return [maximum(minimum(a - b, self.delta), -self.delta) / len(p) for a, b in zip(p, t)]

    def config(self) -> dict[str, Any]:
        return {"delta": self.delta}


class Hinge(Loss):
    """1/K Σ max(0, 1 − t p), targets −1 or 1; gradient −t / K where t p < 1, else 0.

    >>> Hinge().forward([[0.5, -2]], [[1, -1]])
    0.25
    """

    name = "hinge"

    def prepare(self, target: Rows, units: int) -> Rows:
        _require_values(self.name, super().prepare(target, units), (-1, 1), "2 * t - 1 turns 0 and 1 into -1 and 1")
        return target

    def of_row(self, p: Row, t: Row) -> Number:
        return numerics.mean([maximum(1 - a * b, 0) for a, b in zip(p, t)])

    def gradient_of_row(self, p: Row, t: Row) -> list[Number]:
        return [where(a * b < 1, -b, 0 * a) / len(p) for a, b in zip(p, t)]  # 0 * a: so that ints divide exactly


CLIP = 1e-7
"""Probabilities that do not come from a paired activation are kept this far from 0 and 1, as in Keras."""


def _clip(p: Number) -> Number:
    return minimum(maximum(p, CLIP), 1 - CLIP)


def _inside(p: Number, gradient: Number) -> Number:
    return where(p < CLIP, 0, where(p > 1 - CLIP, 0, gradient))


class BinaryCrossentropy(Loss):
    """−1/K Σ t log p + (1 − t) log(1 − p), with p clipped to [1e-7, 1 − 1e-7]; gradient (p − t) / (p (1 − p)) / K.

    Paired with a final sigmoid it works on the net input z: 1/K Σ t·max(−z, 0) + (1 − t)·max(z, 0) + log(1 + e^(−|z|)),
    gradient (sigmoid(z) − t) / K, without clipping.

    >>> BinaryCrossentropy().forward([[0.5]], [[1]])
    0.6931471805599...
    """

    name = "binary_crossentropy"
    pairs_with = "sigmoid"

    def prepare(self, target: Rows, units: int) -> Rows:
        return _require_probabilities(self.name, super().prepare(target, units))

    def of_row(self, p: Row, t: Row) -> Number:
        return numerics.mean([-(b * log(_clip(a)) + (1 - b) * log1p(-_clip(a))) for a, b in zip(p, t)])

    def gradient_of_row(self, p: Row, t: Row) -> list[Number]:
        return [_inside(a, (_clip(a) - b) / (_clip(a) * (1 - _clip(a)))) / len(p) for a, b in zip(p, t)]

    def of_logits(self, logits: Row, t: Row) -> Number:
        return numerics.mean(
            [b * maximum(-z, 0) + (1 - b) * maximum(z, 0) + log1p(exp(-abs(z))) for z, b in zip(logits, t)]
        )

    def gradient_of_logits(self, logits: Row, t: Row) -> list[Number]:
        return [(numerics.sigmoid(z) - b) / len(logits) for z, b in zip(logits, t)]


class CategoricalCrossentropy(Loss):
    """−Σ t log q, where q = p / Σ p clipped to [1e-7, 1 − 1e-7], targets one-hot (or probabilities), as in Keras.

    Paired with a final softmax it works on the net input z: −Σ t log_softmax(z), gradient softmax(z) − t, without
    clipping.

    >>> CategoricalCrossentropy().forward([[0.25, 0.75]], [[1, 0]])
    1.3862943611198...
    """

    name = "categorical_crossentropy"
    pairs_with = "softmax"

    def prepare(self, target: Rows, units: int) -> Rows:
        if units == 1:
            raise ShapeError(
                f"{self.name}: one output cannot tell classes apart. Fix: end the model in one unit for each class, "
                "or use binary_crossentropy with a sigmoid."
            )
        _require_probabilities(self.name, super().prepare(target, units))
        for n, row in enumerate(target):
            if abs(sum(row) - 1) > 1e-6:
                raise DataError(
                    f"{self.name}: each target row must sum to 1, row {n} sums to {sum(row)!r}. "
                    "Fix: pass one-hot rows, or use binary_crossentropy where several classes hold at once."
                )
        return target

    def of_row(self, p: Row, t: Row) -> Number:
        total = sum(p)
        return -sum(b * log(_clip(a / total)) for a, b in zip(p, t))

    def gradient_of_row(self, p: Row, t: Row) -> list[Number]:
        total = sum(p)
        shares = [a / total for a in p]
        by_share = [_inside(q, -b / _clip(q)) for q, b in zip(shares, t)]
        common = sum(g * q for g, q in zip(by_share, shares))
        return [(g - common) / total for g in by_share]

    def of_logits(self, logits: Row, t: Row) -> Number:
        # A logit 2e308 below the largest has a log of −inf: where its target is 0 it must not count at all.
        return -sum(where(b == 0, 0, b * q) for q, b in zip(numerics.log_softmax(logits), t))

    def gradient_of_logits(self, logits: Row, t: Row) -> list[Number]:
        return [p - b for p, b in zip(numerics.softmax(logits), t)]


class SparseCategoricalCrossentropy(CategoricalCrossentropy):
    """The categorical cross-entropy, with the target given as the number of its class, 0 to K − 1.

    >>> SparseCategoricalCrossentropy().forward([[0.25, 0.75]], [[0]])
    1.3862943611198...
    """

    name = "sparse_categorical_crossentropy"

    def prepare(self, target: Rows, units: int) -> Rows:
        for n, row in enumerate(target):
            if len(row) != 1:
                raise ShapeError(
                    f"{self.name}: target must be one class number for each row, row {n} has {len(row)}. "
                    "Fix: pass class numbers, or use categorical_crossentropy for one-hot rows."
                )
            if row[0] not in range(units):
                raise DataError(
                    f"{self.name}: class numbers must be 0 to {units - 1}, row {n} has {short(row[0])}. "
                    "Fix: number the classes from 0, or end the model in more units."
                )
        return super().prepare([[1 if k == row[0] else 0 for k in range(units)] for row in target], units)


def _require_values(who: str, target: Rows, allowed: Sequence[Number], fix: str) -> None:
    for n, row in enumerate(target):
        for value in row:
            if value not in allowed:
                raise DataError(
                    f"{who}: targets must be {allowed[0]} or {allowed[1]}, row {n} has {short(value)}. Fix: {fix}."
                )


def _require_probabilities(who: str, target: Rows) -> Rows:
    for n, row in enumerate(target):
        for value in row:
            if not 0 <= value <= 1:
                raise DataError(
                    f"{who}: targets must lie in 0 to 1, row {n} has {short(value)}. Fix: encode classes as 0 and 1."
                )
    return target


BUILT_IN = (
    HalfSquaredError, MeanSquaredError, MeanAbsoluteError, Huber, Hinge,
    BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy,
)  # fmt: skip


def get_loss(wanted: Any) -> Loss:
    """The loss of that name, ready for one model; a `Loss` is returned as it is.

    >>> get_loss("mse")
    MeanSquaredError()

    :raises UnknownNameError: where no plugin brings that name.
    """
    found: Loss = plugins.get("loss", wanted, Loss)
    return found
