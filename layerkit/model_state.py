"""A model as a plain state, and back: what goes into a model file."""

from __future__ import annotations

from typing import Any

from layerkit import plugins
from layerkit.errors import DataError, ModelFileError, ShapeError, short
from layerkit.layers import Input, Layer


def state_of(model: Any) -> dict[str, Any]:
    """All that makes the model, as plain dicts, lists, numbers and text."""
    return {
        "name": model.name,
        "seed": model.seed,
        "fan_in": model.fan_in,
        "layers": [_layer_state(layer) for layer in model.layers],
        "loss": model.loss and {"name": model.loss.name, **model.loss.config()},
        "optimizer": model.optimizer and {"name": model.optimizer.name, **model.optimizer.config()},
        "metrics": [name for name, _ in model.metrics],
    }


def _layer_state(layer: Layer) -> dict[str, Any]:
    return {
        "type": type(layer).__name__,
        "name": layer.name,
        "config": layer.config(),
        "parameters": [{"value": p.value, "trainable": p.trainable} for p in layer.parameters],
    }


def fill(model_class: Any, state: Any) -> Any:
    """A model of that class as the state describes it.

    :raises ModelFileError: where the state is not complete, or its numbers do not fit its layers.
    :raises UnknownNameError: where it names a layer or an activation that no plugin brings.
    """
    try:
        model = model_class(name=state["name"], seed=state["seed"])
        if state["fan_in"] is not None:
            model.add(Input(state["fan_in"]))
        for entry in state["layers"]:
            _add_layer(model, entry)
        if state["optimizer"]:
            model.compile(_made("optimizer", state["optimizer"]), _made("loss", state["loss"]), state["metrics"])
        return model
    except ModelFileError:
        raise
    except (DataError, ShapeError) as error:
        raise ModelFileError(f"load: the model file is damaged: {error}") from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ModelFileError(
            f"load: the model file is not complete ({short(error, 99)}). Fix: save the model anew."
        ) from None


def _add_layer(model: Any, entry: dict[str, Any]) -> None:
    make, config = plugins.registry.find("layer", entry["type"]), dict(entry["config"])
    try:
        layer = make(**config, name=entry["name"])
    except TypeError as error:
        raise ModelFileError(
            f"{entry['type']} cannot be made from its config ({error}). "
            "Fix: let its __init__ take name and what config() returns."
        ) from None
    model.add(layer)
    if len(layer.parameters) != len(entry["parameters"]):
        raise ModelFileError(f"load: {layer.label} has other parameters than the file. Fix: save the model anew.")
    for parameter, saved in zip(layer.parameters, entry["parameters"]):
        parameter.value = saved["value"]
        parameter.trainable = bool(saved["trainable"])


def _made(kind: str, config: dict[str, Any] | None) -> Any:
    if config is None:
        return None
    return plugins.registry.find(kind, config["name"])(**{name: v for name, v in config.items() if name != "name"})
