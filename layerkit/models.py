"""`Sequential` and `load_model` under the name that Keras gives their module."""

from layerkit.sequential import Sequential, load_model

__all__ = ["Sequential", "load_model"]
