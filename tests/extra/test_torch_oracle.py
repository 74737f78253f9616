"""Gradients and optimizers beside PyTorch, in float64."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from layerkit import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    Dense,
    Dropout,
    Optimizer,
    Parameter,
    RMSprop,
    Rprop,
    Sequential,
    activations,
    get_loss,
)
from layerkit.plugins import registry

pytestmark = pytest.mark.oracle("torch")
torch: Any = pytest.importorskip("torch")
functional = torch.nn.functional

ACTIVATIONS = {
    "linear": lambda x: x,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda x: functional.leaky_relu(x, 0.2),
    "elu": functional.elu,
    "selu": functional.selu,
    "softplus": lambda x: functional.softplus(x, threshold=1e9),
    "softsign": functional.softsign,
    "silu": functional.silu,
    "gelu": functional.gelu,
    "mish": functional.mish,
    "hard_sigmoid": lambda x: functional.relu6(x + 3) / 6,  # the gradient of hardsigmoid itself has only float32's 1/6
    "softmax": lambda x: functional.softmax(x, dim=-1),
}
LOSSES = {
    "half_squared_error": lambda p, t: ((p - t) ** 2).sum() / 2 / len(p),
    "mean_squared_error": functional.mse_loss,
    "mean_absolute_error": functional.l1_loss,
    "huber": functional.huber_loss,
    "hinge": lambda p, t: (1 - t * p).clamp(min=0).mean(),
    "binary_crossentropy": functional.binary_cross_entropy,
    "categorical_crossentropy": lambda p, t: -(t * (p / p.sum(-1, keepdim=True)).log()).sum() / len(p),
    "sparse_categorical_crossentropy": lambda p, t: functional.nll_loss(
        (p / p.sum(-1, keepdim=True)).log(), t[:, 0].long()
    ),
}
PROBABILITIES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")


def tensor(numbers: Any, **more: Any) -> Any:
    return torch.tensor(numbers, dtype=torch.float64, **more)


def test_every_activation_and_loss_has_its_counterpart_here() -> None:
    trainable = {name for name, activation in activations().items() if activation.trainable}
    assert trainable | {"softmax"} == set(ACTIVATIONS)
    built_in = {cls.name for _, cls in registry.all("loss").values() if cls.__module__.startswith("layerkit.")}
    assert built_in == set(LOSSES)


def targets(loss: str, count: int, units: int, rng: Random) -> Any:
    if loss == "sparse_categorical_crossentropy":
        return [[rng.randrange(units)] for _ in range(count)]
    if loss == "hinge":
        return [[rng.choice((-1, 1)) for _ in range(units)] for _ in range(count)]
    rows = [[rng.random() for _ in range(units)] for _ in range(count)]
    return [[value / sum(row) for value in row] for row in rows] if loss == "categorical_crossentropy" else rows


def compare(model: Sequential, chain: list[Any], x: Any, y: Any) -> None:
    """The loss, all gradients and dL/dx of a model beside those of the same chain in PyTorch, to 1e-10 relative."""
    loss = model.loss
    assert loss is not None
    given = tensor(x, requires_grad=True)
    weights = [tensor(parameter.value, requires_grad=True) for parameter in model.parameters]
    out, waiting = given, iter(weights)
    for activation in chain:
        out = ACTIVATIONS[activation](out @ next(waiting).T + next(waiting))
    value = LOSSES[loss.name](out, tensor(y))
    value.backward()
    assert model.evaluate(x, y) == pytest.approx(value.item(), rel=1e-12)
    assert [pytest.approx(row, rel=1e-11, abs=1e-14) for row in out.tolist()] == model.predict(x)
    found = model.gradients(x, y)
    for parameter, weight in zip(model.parameters, weights):
        close(found[parameter.name], weight.grad)
    close(model.layers[0].dx, given.grad)


def close(found: Any, expected: Any) -> None:
    difference = (tensor(found) - expected).abs().max().item()
    assert difference <= 1e-10 * max(expected.abs().max().item(), 1e-6)


def built(sizes: list[int], chain: list[str], loss: str, seed: int) -> Sequential:
    layers = [Dense(units, name, bias_initializer="normal") for units, name in zip(sizes[1:], chain)]
    model = Sequential([Dropout(0), *layers], seed=seed)  # in front, so that the first Dense computes its dx
    model.compile("sgd", loss)
    model.predict([[0.0] * sizes[0]])
    return model


@pytest.mark.parametrize("seed", range(20))
def test_twenty_random_networks(seed: int) -> None:
    rng = Random(1000 + seed)
    loss = sorted(LOSSES)[seed % len(LOSSES)]
    hidden = rng.sample(sorted(set(ACTIVATIONS) - {"softmax"}), rng.randint(1, 3))
    final = {"binary_crossentropy": "sigmoid"}.get(loss, "softmax" if loss in PROBABILITIES else "linear")
    sizes = [rng.randint(1, 5), *(rng.randint(1, 6) for _ in hidden), rng.randint(2, 4)]
    model = built(sizes, [*hidden, final], loss, seed)
    count = rng.randint(1, 6)
    x = [[rng.gauss(0, 1) for _ in range(sizes[0])] for _ in range(count)]
    compare(model, [*hidden, final], x, targets(loss, count, sizes[-1], rng))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_with_every_loss(name: str, loss: str) -> None:
    rng = Random(f"{name} {loss}")
    chain = [name, name, "softmax"] if loss in PROBABILITIES else [name, name]
    sizes = [2, *(3 for _ in chain)]
    model = built(sizes, chain, loss, 5)
    x = [[rng.gauss(0, 1.5) for _ in range(2)] for _ in range(4)]
    compare(model, chain, x, targets(loss, 4, 3, rng))


@pytest.mark.parametrize(
    ("name", "own", "reference"),
    [
        ("binary_crossentropy", "sigmoid", functional.binary_cross_entropy_with_logits),
        ("categorical_crossentropy", "softmax", functional.cross_entropy),
    ],
)
def test_paired_losses_on_large_logits(name: str, own: str, reference: Any) -> None:
    rng = Random(7)
    loss = get_loss(name)
    logits = [[rng.uniform(-300, 300) for _ in range(3)] for _ in range(20)]
    target = targets(name, 20, 3, rng)
    given = tensor(logits, requires_grad=True)
    value = reference(given, tensor(target))
    value.backward()
    assert loss.measure(logits, target, from_logits=True) == pytest.approx(value.item(), rel=1e-13)
    close(loss.backward(), given.grad)


# -- optimizers -----------------------------------------------------------------------------------------------------


def gradients(steps: int) -> Any:
    rng = Random(12)
    return [[[rng.gauss(0, 1) for _ in range(3)] for _ in range(2)] for _ in range(steps)]


START = [[0.5, -1.0, 2.0], [0.1, -0.2, 0.3]]


def ours(optimizer: Optimizer, steps: int = 30) -> Any:
    parameter = Parameter("w", START)
    for gradient in gradients(steps):
        parameter.grad = gradient
        optimizer.update([parameter])
    return parameter.value


def theirs(make: Any, steps: int = 30) -> Any:
    weight = tensor(START, requires_grad=True)
    optimizer = make([weight])
    for gradient in gradients(steps):
        weight.grad = tensor(gradient)
        optimizer.step()
    return weight.detach()


# Keras adds ε under the root where PyTorch adds it outside (AdaGrad, RMSprop), and leaves Adam's ε uncorrected; with an
# ε of 1e-30 both are the same.
TINY = 1e-30
SAME = [
    (SGD(0.1), lambda w: torch.optim.SGD(w, 0.1)),
    (SGD(0.1, 0.9), lambda w: torch.optim.SGD(w, 0.1, momentum=0.9)),
    (SGD(0.1, 0.9, True), lambda w: torch.optim.SGD(w, 0.1, momentum=0.9, nesterov=True)),
    (Adam(0.01, epsilon=TINY), lambda w: torch.optim.Adam(w, 0.01, eps=TINY)),
    (Adam(0.01, 0.8, 0.95, TINY), lambda w: torch.optim.Adam(w, 0.01, betas=(0.8, 0.95), eps=TINY)),
    (AdamW(0.01, 0.1, epsilon=TINY), lambda w: torch.optim.AdamW(w, 0.01, weight_decay=0.1, eps=TINY)),
    (
        AdaGrad(0.1, 0.5, epsilon=TINY),
        lambda w: torch.optim.Adagrad(w, 0.1, initial_accumulator_value=0.5, eps=TINY),
    ),
    (RMSprop(0.01, 0.9, epsilon=TINY), lambda w: torch.optim.RMSprop(w, 0.01, alpha=0.9, eps=TINY)),
    (Rprop(0.05), lambda w: torch.optim.Rprop(w, 0.05)),
    (Rprop(0.05, 0.3, 1.5, 0.01, 0.2), lambda w: torch.optim.Rprop(w, 0.05, etas=(0.3, 1.5), step_sizes=(0.01, 0.2))),
]


@pytest.mark.parametrize(("optimizer", "make"), SAME, ids=[repr(optimizer) for optimizer, _ in SAME])
def test_thirty_steps_of_an_optimizer(optimizer: Optimizer, make: Any) -> None:
    close(ours(optimizer), theirs(make))


def test_adams_epsilon_is_the_uncorrected_one_as_in_keras() -> None:
    # PyTorch's √v̂ + ε is ours at √v + ε √(1 − β₂ᵗ); after one step the two can be made equal.
    close(
        ours(Adam(0.01, epsilon=0.1), 1),
        theirs(lambda w: torch.optim.Adam(w, 0.01, eps=0.1 / (1 - 0.999) ** 0.5), 1),
    )


def test_a_whole_training_agrees_with_pytorch() -> None:
    rng = Random(3)
    x = [[rng.gauss(0, 1) for _ in range(4)] for _ in range(12)]
    y = [[rng.randrange(3)] for _ in range(12)]
    model = Sequential([Dense(5, "tanh", fan_in=4), Dense(3, "softmax")], seed=2)
    model.compile(SGD(0.2, 0.9), "sparse_categorical_crossentropy")
    weights = [tensor(parameter.value, requires_grad=True) for parameter in model.parameters]
    optimizer = torch.optim.SGD(weights, 0.2, momentum=0.9)
    for _ in range(20):
        for start in range(0, 12, 5):
            optimizer.zero_grad()
            hidden = torch.tanh(tensor(x[start : start + 5]) @ weights[0].T + weights[1])
            logits = hidden @ weights[2].T + weights[3]
            functional.cross_entropy(logits, tensor(y[start : start + 5])[:, 0].long()).backward()
            optimizer.step()
    model.fit(x, y, epochs=20, batch_size=5, shuffle=False)
    for parameter, weight in zip(model.parameters, weights):
        close(parameter.value, weight.detach())
