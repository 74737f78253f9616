"""The built-in plugin: what layerkit brings itself, through the same hooks as any other plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from layerkit import activation, initializers, layers, losses, optimizers
from layerkit.hookspecs import hookimpl


@hookimpl
def layerkit_activations() -> Iterable[activation.Activation]:
    return activation.BUILT_IN


@hookimpl
def layerkit_layers() -> Iterable[type]:
    return layers.BUILT_IN


@hookimpl
def layerkit_losses() -> Iterable[type]:
    return losses.BUILT_IN


@hookimpl
def layerkit_optimizers() -> Iterable[type]:
    return optimizers.BUILT_IN


@hookimpl
def layerkit_initializers() -> Iterable[Callable[..., Any]]:
    return initializers.BUILT_IN
