"""Plugins: how names become objects, and what is refused."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

import layerkit
from layerkit import (
    SGD,
    Activation,
    Dense,
    Initializer,
    Layer,
    MeanSquaredError,
    Sequential,
    activation,
    activations,
    get_activation,
    get_initializer,
    get_loss,
    get_optimizer,
    hookimpl,
    hookspecs,
    initializers,
    layers,
    losses,
    optimizers,
)
from layerkit.errors import ArgumentTypeError, PluginError, UnknownNameError
from layerkit.plugins import BUILT_IN_PLUGIN, KINDS, Registry, registry

HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("layerkit_")}


class Doubled(Layer):
    name = "not the class's name"


class Fourth(MeanSquaredError):
    name = "fourth"
    aliases = ("quartic",)


class Lazy(SGD):
    name = "lazy"


SEVENS = Initializer("sevens", lambda fan_in, units: lambda rng: 7.0)

# What a plugin brings by each hook: the objects, and how they are found afterwards.
BROUGHT: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "layerkit_activations": ([Activation("cube", lambda x: x**3)], {"cube": lambda: get_activation("cube")(2)}),
    "layerkit_layers": ([Doubled], {"Doubled": lambda: registry.find("layer", "Doubled")}),
    "layerkit_losses": ([Fourth], {"fourth": lambda: get_loss("fourth"), "quartic": lambda: get_loss("quartic")}),
    "layerkit_optimizers": ([Lazy], {"lazy": lambda: get_optimizer("lazy")}),
    "layerkit_initializers": (
        [SEVENS, initializers._named("eights", lambda fan_in, units: lambda rng: 8.0)],
        {"sevens": lambda: get_initializer("sevens"), "eights": lambda: get_initializer("eights")},
    ),
}


def plugin_with(**hooks: Any) -> Any:
    """An object with hooks that return these values, or call these functions."""

    def implementation(given: Any) -> Any:
        return hookimpl(given if callable(given) else lambda: given)

    return types.SimpleNamespace(**{name: implementation(given) for name, given in hooks.items()})


def cube() -> Activation:
    return Activation("cube", lambda x: x**3)


@pytest.fixture
def own() -> Registry:
    return Registry()


@pytest.fixture(autouse=True)
def _nothing_stays_registered() -> Iterator[None]:
    before = {kind: registry.all(kind) for kind in KINDS}
    yield
    for _, plugin in list(registry.manager.list_name_plugin()):
        if plugin is not registry.manager.get_plugin(BUILT_IN_PLUGIN):
            registry.unregister(plugin)
    assert {kind: registry.all(kind) for kind in KINDS} == before


def state(registry: Registry) -> Any:
    return {kind: registry.all(kind) for kind in KINDS}, registry.manager.list_name_plugin()


# -- the hooks --------------------------------------------------------------------------------------------------------


def test_every_hook_has_a_docstring_and_a_plugin_in_these_tests() -> None:
    assert sorted(HOOKS) == sorted(BROUGHT)
    assert len(HOOKS) == len(KINDS)
    for hook in HOOKS.values():
        assert inspect.getdoc(hook)
        assert not inspect.signature(hook).parameters


@pytest.mark.parametrize("hook", HOOKS)
def test_what_a_hook_brings_is_found_by_name_until_the_plugin_is_unregistered(hook: str) -> None:
    objects, questions = BROUGHT[hook]
    plugin = plugin_with(**{hook: objects})
    for ask in questions.values():
        with pytest.raises(UnknownNameError):
            ask()
    assert layerkit.register(plugin, "mine") == "mine"
    for ask in questions.values():
        assert ask() is not None
    layerkit.unregister(plugin)
    for ask in questions.values():
        with pytest.raises(UnknownNameError):
            ask()


def test_the_built_in_objects_come_from_a_plugin_like_any_other(own: Registry) -> None:
    assert own.manager.list_name_plugin() == []  # nothing before the first question
    found = own.all("activation")
    assert {name: entry[1] for name, entry in found.items()} == {a.name: a for a in activation.BUILT_IN}
    assert {plugin for plugin, _ in found.values()} == {"layerkit.builtin"}
    assert [name for name, _ in own.manager.list_name_plugin()] == ["layerkit.builtin"]
    assert own.manager.get_plugin("layerkit.builtin") is layerkit.plugins.importlib.import_module("layerkit.builtin")
    for kind, module in (("layer", layers), ("loss", losses), ("optimizer", optimizers), ("initializer", initializers)):
        assert {entry[1] for entry in own.all(kind).values()} == set(module.BUILT_IN)


def test_the_design_names_these_activations() -> None:
    assert " ".join(activations()) == (
        "elu gelu hard_sigmoid leaky_relu linear mish relu selu sigmoid sign silu softplus softsign step tanh"
    )
    assert all(isinstance(found, Activation) for found in activations().values())


def test_what_activations_returns_is_a_copy() -> None:
    activations().clear()
    assert "relu" in activations()


# -- registering ------------------------------------------------------------------------------------------------------


def test_a_module_is_a_plugin(own: Registry) -> None:
    module = types.ModuleType("my_plugin")
    module.layerkit_activations = hookimpl(lambda: [cube()])  # type: ignore[attr-defined]
    assert own.register(module) == "my_plugin"
    assert own.all("activation")["cube"][0] == "my_plugin"


def test_an_object_is_a_plugin_named_after_its_class(own: Registry) -> None:
    class Mine:
        @hookimpl
        def layerkit_activations(self) -> Any:
            yield cube()

    assert own.register(Mine()) == "Mine"
    assert own.find("activation", "cube")(2) == 8
    with pytest.raises(PluginError, match=r"'Mine': another plugin has this name\. Fix: register\(plugin, 'another"):
        own.register(Mine())


def test_a_registered_activation_trains_a_model() -> None:
    layerkit.register(plugin_with(layerkit_activations=[cube()]))
    model = Sequential([Dense(1, "cube", weight=[[2.0]], bias=[0.0])])
    assert model.predict([[0.5]]) == [[1.0]]
    model.compile("sgd", "half_squared_error")
    assert model.gradients([[0.5]], [[0.0]])["dense_1.weight"] == [[1.5]]  # 1 · 3 (2 · 0.5)² · 0.5


def test_a_plugin_can_come_back_after_it_was_unregistered(own: Registry) -> None:
    plugin = plugin_with(layerkit_activations=[cube()])
    before = state(own)
    for _ in range(3):
        own.register(plugin, "mine")
        own.unregister(plugin)
    assert state(own) == before


def test_unregistering_takes_only_what_that_plugin_brought(own: Registry) -> None:
    first = plugin_with(layerkit_activations=[cube()])
    second = plugin_with(layerkit_activations=[Activation("square", lambda x: x * x)])
    own.register(first, "first")
    own.register(second, "second")
    own.unregister(first)
    assert "cube" not in own.all("activation")
    assert own.all("activation")["square"][0] == "second"
    assert "relu" in own.all("activation")


@pytest.mark.parametrize("wrong", [None, "mine", 3])
def test_unregistering_what_is_not_registered_is_an_error(wrong: Any) -> None:
    with pytest.raises(PluginError, match=r"is not registered\. Fix: pass the object given to register\."):
        layerkit.unregister(wrong)


# -- what is refused, and changes nothing -----------------------------------------------------------------------------


def broken() -> Any:
    raise ZeroDivisionError("oh")


REFUSED: list[tuple[Any, str]] = [
    (
        types.SimpleNamespace(),
        r"it has no hook\. Fix: mark a function such as layerkit_activations with @layerkit\.hook",
    ),
    (types.SimpleNamespace(layerkit_activations=lambda: [cube()]), "it has no hook"),  # not marked
    (
        plugin_with(layerkit_activation=[cube()]),
        "unknown hook 'layerkit_activation'; did you mean 'layerkit_activations'",
    ),
    (plugin_with(layerkit_activations=[cube()], something=[]), "unknown hook 'something'"),
    (plugin_with(layerkit_activations=[Activation("relu", abs)]), r"activation 'relu' is taken by 'layerkit\.builtin'"),
    (
        plugin_with(layerkit_activations=[cube(), cube()]),
        "activation 'cube' is taken by 'mine'. Fix: choose another name",
    ),
    (plugin_with(layerkit_losses=[type("X", (MeanSquaredError,), {"name": "x"})]), "loss 'mse' is taken"),  # an alias
    (plugin_with(layerkit_activations=None), "must take no arguments and return a list, but failed with TypeError"),
    (plugin_with(layerkit_activations=lambda: cube()), "must take no arguments and return a list"),
    (plugin_with(layerkit_activations=broken), "layerkit_activations .*failed with ZeroDivisionError: oh"),
    (plugin_with(layerkit_activations=lambda x: [cube()]), "must take no arguments.*missing 1 required positional"),
    (plugin_with(layerkit_activations="cube"), "returned 'cube', which is not an Activation with a name"),
    (plugin_with(layerkit_activations=[abs]), "returned <built-in function abs>, which is not an Activation"),
    (plugin_with(layerkit_activations=[Activation]), "which is not an Activation with a name"),
    (plugin_with(layerkit_activations=[cube(), None]), "returned None, which is not an Activation"),
    (plugin_with(layerkit_layers=[Doubled()]), "which is not a class with a name"),
    (plugin_with(layerkit_losses=["mse"]), "returned 'mse', which is not a class"),
    (plugin_with(layerkit_initializers=[3]), "returned 3, which is not an Initializer with a name"),
]


@pytest.mark.parametrize(("plugin", "message"), REFUSED, ids=[message[:30] for _, message in REFUSED])
def test_a_wrong_plugin_is_one_clear_line_and_changes_nothing(own: Registry, plugin: Any, message: str) -> None:
    before = state(own)
    with pytest.raises(PluginError, match=message) as caught:
        own.register(plugin, "mine")
    assert str(caught.value).startswith("plugin 'mine': ")
    assert "\n" not in str(caught.value)
    assert state(own) == before
    own.register(plugin_with(layerkit_activations=[cube()]), "mine")  # the name is still free


def test_a_class_in_place_of_its_object_is_refused_with_advice(own: Registry) -> None:
    class Mine:
        @hookimpl
        def layerkit_activations(self) -> Any:
            return [cube()]

    before = state(own)
    with pytest.raises(PluginError, match=r"plugin 'Mine': it is a class, not an object\. Fix: register\(Mine\(\)\)\."):
        own.register(Mine)
    assert state(own) == before


def test_registering_twice_is_refused_and_leaves_the_first_registration(own: Registry) -> None:
    plugin = plugin_with(layerkit_activations=[cube()])
    own.register(plugin, "mine")
    before = state(own)
    for name in ("mine", "other", None):
        with pytest.raises(PluginError, match=r"it is registered already\. Fix: register it once\."):
            own.register(plugin, name)
    with pytest.raises(PluginError, match=r"plugin 'mine': another plugin has this name"):
        own.register(plugin_with(layerkit_activations=[]), "mine")
    assert state(own) == before


@pytest.mark.parametrize("name", ["", 3, ["mine"]])
def test_a_plugin_name_must_be_text(own: Registry, name: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="register: name must be text"):
        own.register(plugin_with(layerkit_activations=[]), name)


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "wrong", "nearest"),
    [
        (get_activation, "sigmod", "sigmoid"),
        (get_activation, "ReLU", "relu"),
        (get_loss, "mean_square_error", "mean_squared_error"),
        (get_optimizer, "Adm", "adam"),
        (get_initializer, "glorot", "glorot_normal"),
    ],
)
def test_an_unknown_name_gets_the_nearest_known_one(ask: Any, wrong: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown .* '{wrong}'; did you mean '.*'\\? Known: ") as caught:
        ask(wrong)
    assert nearest in str(caught.value)


def test_names_of_a_plugin_are_among_the_known_ones() -> None:
    layerkit.register(plugin_with(layerkit_activations=[cube()]), "mine")
    with pytest.raises(UnknownNameError, match="did you mean 'cube'"):
        get_activation("cubes")


def test_an_initializer_of_a_plugin_draws_the_weights_of_a_dense_layer() -> None:
    layerkit.register(plugin_with(layerkit_initializers=[SEVENS]), "mine")
    dense = Dense(2, kernel_initializer="sevens")
    dense.build(3, rng=Random(1))
    assert dense.weight.value == [[7.0, 7.0, 7.0], [7.0, 7.0, 7.0]]


def test_an_optimizer_class_that_needs_arguments_is_one_clear_line() -> None:
    class NeedsRate(layerkit.Optimizer):
        name = "needs_rate"

    with pytest.raises(ArgumentTypeError, match=r"optimizer NeedsRate needs arguments .*Fix: pass an object"):
        layerkit.get_optimizer(NeedsRate)
