"""Layers: each a stateful object with forward and backward on a batch of rows."""

from layerkit.layers.activation_layer import (
    ELU,
    GELU,
    SELU,
    ActivationLayer,
    HardSigmoid,
    LeakyReLU,
    Linear,
    Mish,
    ReLU,
    Sigmoid,
    Sign,
    SiLU,
    Softplus,
    Softsign,
    Step,
    Tanh,
)
from layerkit.layers.base import Layer, Parameter
from layerkit.layers.dense import Dense
from layerkit.layers.dropout import Dropout
from layerkit.layers.input import Input, InputLayer
from layerkit.layers.softmax import Softmax

__all__ = [
    "ELU", "GELU", "SELU", "ActivationLayer", "Dense", "Dropout", "HardSigmoid", "Input", "InputLayer", "Layer",
    "LeakyReLU", "Linear", "Mish", "Parameter", "ReLU", "SiLU", "Sigmoid", "Sign", "Softmax", "Softplus", "Softsign",
    "Step", "Tanh",
]  # fmt: skip
BUILT_IN = (ActivationLayer, Dense, Dropout, Input, Softmax)
