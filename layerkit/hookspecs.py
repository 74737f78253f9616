"""The whole extension surface: what a plugin may bring, one hook each.

A plugin is a module or object with functions of these names, marked ``@layerkit.hookimpl``. Each hook returns a list,
and what is in it is known by its name from then on, as in ``Dense(3, activation="name")``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from layerkit.activation import Activation

PROJECT = "layerkit"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def layerkit_activations() -> Iterable[Activation]:  # type: ignore[empty-body]
    """Activations: `Activation` objects."""


@hookspec
def layerkit_layers() -> Iterable[type]:  # type: ignore[empty-body]
    """Layers: subclasses of `Layer`, known by the name of the class."""


@hookspec
def layerkit_losses() -> Iterable[type]:  # type: ignore[empty-body]
    """Losses: subclasses of `Loss`, known by their `name`."""


@hookspec
def layerkit_optimizers() -> Iterable[type]:  # type: ignore[empty-body]
    """Optimizers: subclasses of `Optimizer`, known by their `name`."""


@hookspec
def layerkit_initializers() -> Iterable[Callable[..., Any]]:  # type: ignore[empty-body]
    """Initializers: `Initializer` objects, known by their `name`, or functions of their parameters that return one."""
