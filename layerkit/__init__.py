"""layerkit: neural networks in plain Python, every number of which can be looked at and explained."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Name → the module that holds it. Nothing is imported before it is asked for, so that `import layerkit` is quick.
_HOME = {
    "activation": "Activation",
    "errors": (
        "ArgumentError ArgumentTypeError DataError LayerkitError ModelFileError NotDifferentiableError NumericsError "
        "OrderError PluginError RecordingError ShapeError UnknownNameError"
    ),
    "gradcheck": "check_gradients numerical_gradient",
    "graph": "Graph Value",
    "hookspecs": "hookimpl",
    "initializers": "Initializer get_initializer",
    "layers": (
        "ActivationLayer Dense Dropout ELU GELU HardSigmoid Input InputLayer Layer LeakyReLU Linear Mish Parameter "
        "ReLU SELU SiLU Sigmoid Sign Softmax Softplus Softsign Step Tanh"
    ),
    "losses": (
        "BinaryCrossentropy CategoricalCrossentropy HalfSquaredError Hinge Huber Loss MeanAbsoluteError "
        "MeanSquaredError SparseCategoricalCrossentropy get_loss"
    ),
    "metrics": "ConfusionMatrix accuracy confusion_matrix r2",
    "nodes": (
        "AbsLayer AddLayer DivLayer ErfLayer ErfcLayer ExpLayer Expm1Layer Log1pLayer LogLayer MaxLayer MinLayer "
        "MulLayer NegLayer PowLayer SqrtLayer SubLayer TanhLayer WhereLayer"
    ),
    "numerics": "erf erfc exp expm1 log log1p logsumexp maximum minimum sqrt tanh where",
    "optimizers": "AdaGrad Adam AdamW Optimizer RMSprop Rprop SGD get_optimizer",
    "plugins": "activations get_activation register unregister",
    "sequential": "Sequential load_model",
    "training": "Callback EarlyStopping History LearningRateSchedule TerminateOnNaN",
}
_MODULE_OF = {name: f"layerkit.{module}" for module, names in _HOME.items() for name in names.split()}
_SUBMODULES = ("data", "initializers", "layers", "losses", "metrics", "models", "optimizers", "saving")

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        found = getattr(importlib.import_module(_MODULE_OF[name]), name)
    elif name in _SUBMODULES:
        found = importlib.import_module(f"layerkit.{name}")
    else:
        raise AttributeError(f"module 'layerkit' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_SUBMODULES})


if TYPE_CHECKING:
    # ruff: noqa: F401  the same names again, for type checkers and editors; a test holds the two together
    from layerkit.activation import Activation
    from layerkit.errors import (
        ArgumentError,
        ArgumentTypeError,
        DataError,
        LayerkitError,
        ModelFileError,
        NotDifferentiableError,
        NumericsError,
        OrderError,
        PluginError,
        RecordingError,
        ShapeError,
        UnknownNameError,
    )
    from layerkit.gradcheck import check_gradients, numerical_gradient
    from layerkit.graph import Graph, Value
    from layerkit.hookspecs import hookimpl
    from layerkit.initializers import Initializer, get_initializer
    from layerkit.layers import (
        ELU,
        GELU,
        SELU,
        ActivationLayer,
        Dense,
        Dropout,
        HardSigmoid,
        Input,
        InputLayer,
        Layer,
        LeakyReLU,
        Linear,
        Mish,
        Parameter,
        ReLU,
        Sigmoid,
        Sign,
        SiLU,
        Softmax,
        Softplus,
        Softsign,
        Step,
        Tanh,
    )
    from layerkit.losses import (
        BinaryCrossentropy,
        CategoricalCrossentropy,
        HalfSquaredError,
        Hinge,
        Huber,
        Loss,
        MeanAbsoluteError,
        MeanSquaredError,
        SparseCategoricalCrossentropy,
        get_loss,
    )
    from layerkit.metrics import ConfusionMatrix, accuracy, confusion_matrix, r2
    from layerkit.nodes import (
        AbsLayer,
        AddLayer,
        DivLayer,
        ErfcLayer,
        ErfLayer,
        ExpLayer,
        Expm1Layer,
        Log1pLayer,
        LogLayer,
        MaxLayer,
        MinLayer,
        MulLayer,
        NegLayer,
        PowLayer,
        SqrtLayer,
        SubLayer,
        TanhLayer,
        WhereLayer,
    )
    from layerkit.numerics import erf, erfc, exp, expm1, log, log1p, logsumexp, maximum, minimum, sqrt, tanh, where
    from layerkit.optimizers import SGD, AdaGrad, Adam, AdamW, Optimizer, RMSprop, Rprop, get_optimizer
    from layerkit.plugins import activations, get_activation, register, unregister
    from layerkit.sequential import Sequential, load_model
    from layerkit.training import Callback, EarlyStopping, History, LearningRateSchedule, TerminateOnNaN
