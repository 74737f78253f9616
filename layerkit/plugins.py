"""The one place where a name becomes an object: activations, layers, losses, optimizers, initializers.

The built-in ones come from a plugin like any other, `layerkit.builtin`; a program adds its own with `register`.
"""

from __future__ import annotations

import importlib
from typing import Any

import pluggy

from layerkit import hookspecs
from layerkit.activation import Activation
from layerkit.errors import ArgumentTypeError, PluginError, short, unknown_name

BUILT_IN_PLUGIN = "layerkit.builtin"
KINDS = ("activation", "layer", "loss", "optimizer", "initializer")

# What a hook's list holds; the base classes of layers, losses and optimizers stand on a higher floor.
_WANTED: dict[str, tuple[type, str]] = {
    "activation": (Activation, "an Activation"),
    "layer": (type, "a class"),
    "loss": (type, "a class"),
    "optimizer": (type, "a class"),
    "initializer": (object, "an Initializer"),
}
_HOOKS = {kind: f"layerkit_{kind}es" if kind == "loss" else f"layerkit_{kind}s" for kind in KINDS}


class Registry:
    """Named objects of each kind, from the plugins registered with one pluggy manager.

    The built-in plugin is registered at the first question, so that nothing is imported before.
    """

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self._found: dict[str, dict[str, tuple[str, Any]]] = {kind: {} for kind in KINDS}

    def register(self, plugin: Any, name: str | None = None) -> str:
        """Take in a plugin object or module; the name under which it is known.

        :raises PluginError: where it has no hook, misspells one, brings a name that is taken, or is registered already.
        :raises ArgumentTypeError: where the name is not text.
        """
        if name is not None and (not isinstance(name, str) or not name):
            raise ArgumentTypeError(f"register: name must be text, got {short(name)}. Fix: register(plugin, 'mine').")
        self._load_built_in()
        return self._register(plugin, name or getattr(plugin, "__name__", None) or type(plugin).__name__)

    def unregister(self, plugin: Any) -> None:
        """Forget a plugin and all that it brought.

        :raises PluginError: where it is not registered.
        """
        plugin_name = self.manager.get_name(plugin)
        if plugin_name is None:
            raise PluginError(f"unregister: {short(plugin)} is not registered. Fix: pass the object given to register.")
        self.manager.unregister(plugin)
        for kind, found in self._found.items():
            self._found[kind] = {name: entry for name, entry in found.items() if entry[0] != plugin_name}

    def all(self, kind: str) -> dict[str, tuple[str, Any]]:
        """Name → (plugin's name, object), for one kind."""
        self._load_built_in()
        return dict(self._found[kind])

    def find(self, kind: str, name: str) -> Any:
        """The object of that name.

        :raises UnknownNameError: where no plugin brings it; the message has the nearest known name.
        """
        self._load_built_in()
        entry = self._found[kind].get(name)
        if entry is None:
            raise unknown_name(kind, name, self._found[kind])
        return entry[1]

    def _load_built_in(self) -> None:
        if not self.manager.has_plugin(BUILT_IN_PLUGIN):
            self._register(importlib.import_module(BUILT_IN_PLUGIN), BUILT_IN_PLUGIN)

    def _register(self, plugin: Any, plugin_name: str) -> str:
        if self.manager.is_registered(plugin):
            raise PluginError(f"plugin {plugin_name!r}: it is registered already. Fix: register it once.")
        if self.manager.has_plugin(plugin_name):
            raise PluginError(
                f"plugin {plugin_name!r}: another plugin has this name. Fix: register(plugin, 'another name')."
            )
        brought = self._collect(plugin, plugin_name)
        self.manager.register(plugin, plugin_name)
        for kind, objects in brought.items():
            self._found[kind].update({label: (plugin_name, found) for label, found in objects.items()})
        return plugin_name

    def _collect(self, plugin: Any, plugin_name: str) -> dict[str, dict[str, Any]]:
        """What the plugin's hooks return, by kind and name, checked before anything is kept."""
        if isinstance(plugin, type):
            raise PluginError(
                f"plugin {plugin_name!r}: it is a class, not an object. Fix: register({plugin.__name__}())."
            )
        hooks = [name for name in dir(plugin) if self.manager.parse_hookimpl_opts(plugin, name) is not None]
        misspelt = next((name for name in hooks if name not in _HOOKS.values()), None)
        if misspelt is not None:
            raise PluginError(f"plugin {plugin_name!r}: {unknown_name('hook', misspelt, _HOOKS.values())}")
        if not hooks:
            raise PluginError(
                f"plugin {plugin_name!r}: it has no hook. Fix: mark a function such as layerkit_activations "
                "with @layerkit.hookimpl."
            )
        return {kind: self._named(plugin, hook, kind, plugin_name) for kind, hook in _HOOKS.items() if hook in hooks}

    def _named(self, plugin: Any, hook: str, kind: str, plugin_name: str) -> dict[str, Any]:
        try:
            objects = getattr(plugin, hook)()
            objects = [objects] if isinstance(objects, (str, bytes)) else list(objects)
        except Exception as error:
            raise PluginError(
                f"plugin {plugin_name!r}: {hook} must take no arguments and return a list, but failed with "
                f"{type(error).__name__}: {error}. Fix: def {hook}(): return [...]."
            ) from error
        wanted, what = _WANTED[kind]
        named: dict[str, Any] = {}
        for found in objects:
            for label in _labels(found, kind):
                if not isinstance(found, wanted) or not isinstance(label, str) or not label:
                    raise PluginError(
                        f"plugin {plugin_name!r}: {hook} returned {short(found)}, which is not {what} with a name. "
                        "Fix: return what layerkit/hookspecs.py says."
                    )
                owner = plugin_name if label in named else self._found[kind].get(label, ("",))[0]
                if owner:
                    raise PluginError(
                        f"plugin {plugin_name!r}: {kind} {label!r} is taken by {owner!r}. Fix: choose another name."
                    )
                named[label] = found
        return named


def _labels(found: Any, kind: str) -> tuple[Any, ...]:
    """The names under which an object is known: its `name` or that of its class or function, and its `aliases`.

    A layer's `name` is that of one layer in a model: the class of a layer is known by its own name.
    """
    own = None if kind == "layer" else getattr(found, "name", None)
    return (own or getattr(found, "__name__", None), *getattr(found, "aliases", ()))


registry = Registry()


def register(plugin: Any, name: str | None = None) -> str:
    """Register a plugin object or module in the running program; the name under which it is known.

    >>> import layerkit
    >>> class Mine:
    ...     @layerkit.hookimpl
    ...     def layerkit_activations(self):
    ...         return [layerkit.Activation("cube", lambda x: x ** 3)]
    >>> plugin = Mine()
    >>> layerkit.register(plugin, "mine")
    'mine'
    >>> layerkit.get_activation("cube")(2.0)
    8.0
    >>> layerkit.unregister(plugin)

    :raises PluginError: where it has no hook, misspells one, brings a name that is taken, or is registered already.
    """
    return registry.register(plugin, name)


def unregister(plugin: Any) -> None:
    """Forget a registered plugin and all that it brought.

    :raises PluginError: where it is not registered.
    """
    registry.unregister(plugin)


def activations() -> dict[str, Activation]:
    """All known activations by name.

    >>> from layerkit import activations
    >>> sorted(activations())[:3]
    ['elu', 'gelu', 'hard_sigmoid']
    """
    return {name: found for name, (_, found) in sorted(registry.all("activation").items())}


def get_activation(activation: Any) -> Activation:
    """The activation of that name; an `Activation` is returned as it is, a function is made into one.

    ``{"name": "leaky_relu", "negative_slope": 0.1}`` is that activation with other parameters.

    >>> from layerkit import get_activation
    >>> get_activation("sigmoid")(0.0)
    0.5

    :raises UnknownNameError: where no plugin brings that name.
    """
    if isinstance(activation, Activation):
        return activation
    if isinstance(activation, str):
        found: Activation = registry.find("activation", activation)
        return found
    if isinstance(activation, dict) and isinstance(activation.get("name"), str):
        parameters = {name: value for name, value in activation.items() if name != "name"}
        return get_activation(activation["name"]).configured(**parameters)
    if callable(activation) and not isinstance(activation, type):
        return Activation(getattr(activation, "__name__", "activation"), activation)
    raise ArgumentTypeError(
        f"activation must be a name, an Activation or a function, got {short(activation)}. Fix: 'sigmoid'."
    )


def get(kind: str, wanted: Any, base: type) -> Any:
    """An object of `kind`: `wanted` itself where it is a `base`, a new one where it is a name or a class of that kind.

    :raises UnknownNameError: where no plugin brings that name.
    :raises ArgumentTypeError: where it is none of these, or its class cannot be called without arguments.
    """
    if isinstance(wanted, base):
        return wanted
    found = registry.find(kind, wanted) if isinstance(wanted, str) else wanted
    if isinstance(found, base):
        return found
    if not isinstance(found, type) or not issubclass(found, base):
        raise ArgumentTypeError(
            f"{kind} must be a name or a {base.__name__}, got {short(wanted)}. Fix: pass one of these."
        )
    try:
        return found()
    except TypeError as error:
        raise ArgumentTypeError(
            f"{kind} {found.__name__} needs arguments ({error}). Fix: pass an object, or give its arguments defaults."
        ) from None
