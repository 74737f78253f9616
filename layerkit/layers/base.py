"""What every layer is: forward, backward, parameters; and what a parameter is."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

from layerkit.errors import ArgumentTypeError, OrderError, ShapeError, short
from layerkit.linalg import Rows
from layerkit.numerics import Number
from layerkit.rows import as_rows

SelfLayer = TypeVar("SelfLayer", bound="Layer")


class Parameter:
    """Numbers that training changes: a matrix (a list of rows) or a vector (a list of numbers).

    `value` holds them, `grad` dL/dvalue in the same shape (None before backward). One that is not `trainable` keeps its
    value; its gradient is computed all the same.
    """

    def __init__(self, name: str, value: Any, *, trainable: bool = True) -> None:
        self.name = name
        self._value: Any = None
        self.value = value
        self.grad: Any = None
        self.trainable = trainable

    @property
    def value(self) -> Any:
        """The numbers.

        :raises ShapeError: on setting it, where the new value has another shape.
        :raises DataError: on setting it, where it holds something else than finite numbers.
        """
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        rows = as_rows(self.name, "value", value, flat=True, exact=True)
        is_matrix = self.is_matrix if self._value is not None else _is_matrix(value)
        new = rows if is_matrix else [number for row in rows for number in row]
        if self._value is not None and self.shape != (before := _shape(new)):
            raise ShapeError(f"{self.name}: value must be of shape {self.shape}, got {before}. Fix: keep the shape.")
        self._value = new

    @property
    def trainable(self) -> bool:
        """Whether training changes the value."""
        return self._trainable

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        if not isinstance(trainable, bool):
            raise ArgumentTypeError(
                f"{self.name}: trainable must be True or False, got {short(trainable)}. Fix: pass one."
            )
        self._trainable = trainable

    @property
    def shape(self) -> tuple[int, ...]:
        """(units, fan_in) of a matrix, (units,) of a vector."""
        return _shape(self._value)

    @property
    def is_matrix(self) -> bool:
        return isinstance(self._value[0], list)

    def rows(self) -> Rows:
        """The value as rows; a vector is one row."""
        return self.value if self.is_matrix else [self.value]

    def grad_rows(self) -> Rows:
        """The gradient as rows.

        :raises OrderError: before backward.
        """
        if self.grad is None:
            raise OrderError(f"{self.name}: there is no gradient yet. Fix: call backward before the optimizer.")
        return self.grad if self.is_matrix else [self.grad]

    def set_rows(self, rows: Rows) -> None:
        """Replace the value; `rows` is as from `rows()`. The old lists are left as they are."""
        self._value = rows if self.is_matrix else rows[0]

    def __len__(self) -> int:
        """How many numbers it holds."""
        return sum(map(len, self.rows()))

    def __repr__(self) -> str:
        return f"<Parameter {self.name} {'×'.join(map(str, self.shape))}{'' if self.trainable else ', not trained'}>"


def _is_matrix(value: Any) -> bool:
    rows = value.tolist() if hasattr(value, "tolist") else value
    return isinstance(rows[0], (list, tuple)) or hasattr(rows[0], "tolist")


def _shape(value: Any) -> tuple[int, ...]:
    return (len(value), len(value[0])) if isinstance(value[0], list) else (len(value),)


class Layer:
    """One step of a network, on a batch: a list of rows.

    A subclass writes `forward(x, *, training=False) -> out` and `backward(dout) -> dx`, keeping what backward needs in
    `self.x` and `self.out`; one with weights also `build(fan_in, *, rng) -> units` and `parameters`. `backward` sets
    the gradients of its parameters for the batch just seen. `x`, `out`, `dout` and `dx` show that batch, and are None
    before.

    >>> class Doubled(Layer):
    ...     def forward(self, x, *, training=False):
    ...         self.x, self.out = x, [[2 * value for value in row] for row in x]
    ...         return self.out
    ...     def backward(self, dout):
    ...         self.dout, self.dx = dout, [[2 * value for value in row] for row in dout]
    ...         return self.dx
    >>> Doubled().forward([[1, 2]])
    [[2, 4]]
    """

    name: str | None = None
    fan_in: int | None = None
    units: int | None = None
    x: Any = None
    out: Any = None
    dout: Any = None
    dx: Any = None
    _trainable = True

    def build(self, fan_in: int, *, rng: Random) -> int:
        """Take in the width of the rows to come, draw the first weights; the width of the rows that go out."""
        self.fan_in = self.units = fan_in
        return fan_in

    def forward(self, x: Rows, *, training: bool = False) -> Rows:
        """The output for a batch, (n, fan_in) → (n, units)."""
        raise NotImplementedError(
            f"{self.label}: a layer needs forward. Fix: write forward(self, x, *, training=False)."
        )

    def backward(self, dout: Rows) -> Rows:
        """From dL/dout (n, units) the gradients of the parameters, and dL/dx (n, fan_in)."""
        raise NotImplementedError(f"{self.label}: a layer needs backward. Fix: write backward(self, dout).")

    def backward_parameters(self, dout: Rows) -> None:
        """`backward` for the first layer of a network, where nobody needs dL/dx."""
        self.backward(dout)

    @property
    def parameters(self) -> Sequence[Parameter]:
        """The numbers that training changes."""
        return ()

    @property
    def trainable(self) -> bool:
        """Whether training changes any of the parameters; setting it sets that of each."""
        return self._trainable and (not self.parameters or any(parameter.trainable for parameter in self.parameters))

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        for parameter in (*self.parameters, Parameter(self.label, [0])):  # the last to check it, where there are none
            parameter.trainable = trainable
        self._trainable = trainable

    @property
    def random_states(self) -> tuple[Any, ...]:
        """The states of the layer's random generators, for `restore_random`."""
        return ()

    def restore_random(self, states: tuple[Any, ...]) -> None:
        """Put the generators back to `random_states`."""

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal layer, without its weights."""
        return {}

    def detached(self: SelfLayer) -> SelfLayer:
        """A copy that shares the parameters; what passes through it leaves no trace in this layer."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        return copy

    def forget_batch(self) -> None:
        """Set `x`, `out`, `dout`, `dx` to None, as before any batch."""
        for name in ("x", "out", "dout", "dx"):
            self.__dict__.pop(name, None)

    def short_config(self) -> Any:
        """How a layer that owns this one writes it down."""
        return type(self).__name__

    @property
    def label(self) -> str:
        """Class and name, as errors show them: Dense 'dense_1'."""
        return f"{type(self).__name__} {self.name!r}" if self.name else type(self).__name__

    def check_x(self, x: Any) -> None:
        """Rows of `fan_in` numbers, at least one row.

        :raises ShapeError: where x has another shape.
        """
        require_rows(self.label, "x", x, self.fan_in, "{features}, or build the layer with fan_in={width}")

    def check_numbers(self, what: str, rows: Any) -> None:
        """Called where the arithmetic failed, to say why: an entry that is no number.

        :raises DataError: where there is one.
        """
        as_rows(self.label, what, rows, exact=True)

    def check_dout(self, dout: Any) -> None:
        """Rows as wide and as many as `out`, which forward must have made.

        :raises OrderError: before forward.
        :raises ShapeError: where dout has another shape than out.
        """
        if self.out is None:
            raise OrderError(f"{self.label}: backward needs the batch of forward. Fix: call forward first.")
        require_rows(self.label, "dout", dout, len(self.out[0]), "pass one gradient for each output")
        if len(dout) != len(self.out):
            raise ShapeError(
                f"{self.label}: dout must have {len(self.out)} rows as out has, got {len(dout)}. "
                "Fix: pass the gradient of the batch just seen."
            )

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.config().items())
        return f"{type(self).__name__}({arguments})"


def require_rows(who: str, what: str, rows: Any, width: int | None, fix: str) -> None:
    """Rows of `width` numbers each (of one width where it is None), at least one.

    :raises ShapeError: where they are not.
    """
    if not isinstance(rows, (list, tuple)) or not rows or not all(isinstance(row, (list, tuple)) for row in rows):
        raise ShapeError(
            f"{who}: {what} must be a batch, a list of rows, got {short(rows)}. Fix: wrap one row as [[1, 2]]."
        )
    wanted = len(rows[0]) if width is None else width
    for n, row in enumerate(rows):
        if len(row) != wanted:
            advice = fix.format(features=f"pass {wanted} features", width=len(row))
            raise ShapeError(
                f"{who}: {what} must be rows of {wanted} number{'' if wanted == 1 else 's'}, row {n} has {len(row)}. "
                f"Fix: {advice}."
            )


def per_number(function: Any, *batches: Rows) -> list[list[Number]]:
    """function of the numbers at each place of batches of one shape.

    >>> per_number(lambda a, b: a * b, [[1, 2]], [[3, 4]])
    [[3, 8]]
    """
    return [list(map(function, *rows)) for rows in zip(*batches)]
