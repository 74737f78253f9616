"""An unrolled training gives the same bits on every Python of one machine.

Each interpreter that is found (on the PATH, or in pyenv's folder) trains the same networks for 200 steps in a process
of its own. It needs pluggy, which it may have itself or take from the environment that runs the tests.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from layerkit import activations

ROOT = Path(__file__).parents[2]
VERSIONS = ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "pypy"]

SCRIPT = """
import os
os.environ["LAYERKIT_STRICT"] = "1"
from random import Random
from layerkit import SGD, Adam, AdaGrad, AdamW, Dense, Dropout, RMSprop, Rprop, Sequential, activations
from layerkit.training import choice
from layerkit.training.program import Program

choice.LIMITS.update({name: (10**6, 10**6) for name in choice.LIMITS})
optimizers = [
    lambda: SGD(0.1), lambda: SGD(0.05, momentum=0.9), lambda: SGD(0.1, momentum=0.5, nesterov=True),
    lambda: AdaGrad(0.1), lambda: RMSprop(0.01), lambda: Adam(0.01), lambda: AdamW(0.01), lambda: Rprop(0.01),
    lambda: Adam(lambda step: 0.1 / (1 + step)),
]
finals = [
    ("softmax", "categorical_crossentropy"), ("sigmoid", "binary_crossentropy"), (None, "half_squared_error"),
    ("tanh", "huber"), ("softmax", "mse"), (None, "mae"), ("tanh", "hinge"),
]
rng = Random(1)
x = [[rng.uniform(-1, 1) for _ in range(3)] for _ in range(8)]
for k, name in enumerate(NAMES):
    final, loss = finals[k % len(finals)]
    low = -1 if loss == "hinge" else 0
    y = [[1 if n % 2 == unit else low for unit in range(2)] for n in range(8)]
    for batch_size, epochs in ((1, 25), (3, 67)):
        layers = [Dense(4, name, fan_in=3, bias_initializer="uniform"), Dropout(0.2), Dense(2, final)]
        model = Sequential(layers, seed=k)
        model.compile(optimizers[k % len(optimizers)](), loss)
        model.fit(x, y, epochs=epochs, batch_size=batch_size, verbose=0)
        assert [type(program) for program in model.programs.values()] == [Program]
        assert model.optimizer.step >= 200
        numbers = [value for parameter in model.parameters for row in parameter.rows() for value in row]
        print(name, final, loss, batch_size, *map(float.hex, numbers))
"""
NAMES = [name for name, activation in activations().items() if activation.trainable and name != "gelu"]  # it has an erf


def interpreters() -> dict[str, str]:
    """The version asked for → the first interpreter of that version that starts."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found: dict[str, str] = {}
    for version in VERSIONS:
        names = ["pypy3", "pypy3.9", "pypy3.10", "pypy3.11"] if version == "pypy" else [f"python{version}"]
        in_path = [path for path in map(shutil.which, names) if path]
        folders = f"{version}*" if version == "pypy" else f"{version}.*"
        for path in [*in_path, *(str(folder / "bin" / "python") for folder in sorted(pyenv.glob(folders)))]:
            asked = "import platform as p; print(p.python_implementation(), p.python_version())"
            try:
                done = subprocess.run([path, "-c", asked], capture_output=True, text=True, check=False, timeout=60)
            except OSError:
                continue
            said = done.stdout.lower()
            if done.returncode == 0 and said.startswith("pypy" if version == "pypy" else f"cpython {version}."):
                found[version] = path
                break
    return found


@cache
def trained(interpreter: str) -> str:
    """What the script says there; the test is skipped where that Python cannot import pluggy."""
    spec = importlib.util.find_spec("pluggy")
    assert spec is not None
    assert spec.origin is not None
    theirs = os.environ.get("PYTHONPATH", "")
    for also in ("", str(Path(spec.origin).parents[1])):
        path = os.pathsep.join(part for part in (str(ROOT), theirs, also) if part)
        env = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        if (
            subprocess.run([interpreter, "-c", "import pluggy"], env=env, capture_output=True, check=False).returncode
            == 0
        ):
            script = f"NAMES = {NAMES!r}\n{SCRIPT}"
            done = subprocess.run([interpreter, "-c", script], env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            return done.stdout
    pytest.skip(f"{interpreter} has no pluggy, and cannot use that of this environment ({spec.origin})")


@pytest.mark.parametrize("version", VERSIONS)
def test_two_hundred_steps_give_the_same_bits_as_here(version: str) -> None:
    found = interpreters()
    if version not in found:
        pytest.skip(f"no Python {version} was found on the PATH or in ~/.pyenv")
    theirs, here = trained(found[version]).splitlines(), trained(sys.executable).splitlines()
    assert len(here) == len(theirs) == 2 * len(NAMES)
    for a, b in zip(theirs, here):
        assert a == b
