"""The jobs of `jobs.py`, done by others: each function gives a `Peer`, or raises `Absent` with the reason.

Each is written as a user of that library would write it, with the loss of every epoch kept as `fit` keeps it. All run
on one thread: for networks of this size that is the fastest (several OpenMP libraries in one process wait for each
other, and PyTorch becomes forty times slower).
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from math import exp, log
from pathlib import Path
from typing import Any

from jobs import EPSILON, Job, Peer

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # read when these are imported
    os.environ[variable] = "1"


class Absent(Exception):
    """This peer cannot take part, and why."""


def _need(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise Absent(f"{module} is not installed") from error


# -- Python by hand, for 2-2-2 ----------------------------------------------------------------------------------------


def unrolled_by_hand(job: Job) -> Peer:
    """2-2-2 on one example in straight-line Python: the best that a person would write."""
    if job.widths != (2, 2, 2) or len(job.x) != 1 or job.out != "sigmoid" or job.adam:
        raise Absent("written for 2-2-2 on one example only")

    def run() -> list[float]:
        losses: list[float] = []
        keep = losses.append
        (((w1, w2), (w3, w4)), (b1, b2)), (((w5, w6), (w7, w8)), (b3, b4)) = job.weights
        (i1, i2), (t1, t2), rate = job.x[0], job.y[0], job.rate
        for _ in range(job.epochs):
            h1 = 1 / (1 + exp(-(w1 * i1 + w2 * i2 + b1)))
            h2 = 1 / (1 + exp(-(w3 * i1 + w4 * i2 + b2)))
            o1 = 1 / (1 + exp(-(w5 * h1 + w6 * h2 + b3)))
            o2 = 1 / (1 + exp(-(w7 * h1 + w8 * h2 + b4)))
            e1 = o1 - t1
            e2 = o2 - t2
            keep((e1 * e1 + e2 * e2) / 2)
            d3 = e1 * o1 * (1 - o1) * rate
            d4 = e2 * o2 * (1 - o2) * rate
            d1 = (d3 * w5 + d4 * w7) * h1 * (1 - h1)
            d2 = (d3 * w6 + d4 * w8) * h2 * (1 - h2)
            w5 -= d3 * h1
            w6 -= d3 * h2
            w7 -= d4 * h1
            w8 -= d4 * h2
            w1 -= d1 * i1
            w2 -= d1 * i2
            w3 -= d2 * i1
            w4 -= d2 * i2
            b1 -= d1
            b2 -= d2
            b3 -= d3
            b4 -= d4
        return losses

    return Peer("Python by hand", job, run)


# -- NumPy by hand ----------------------------------------------------------------------------------------------------


def _numpy_finish(np: Any, out: str) -> Callable[[Any, Any], tuple[float, Any]]:
    """From the net input of the outputs and the targets: the sum of the rows' losses, and dL/dnet of each row."""

    def linear(net: Any, target: Any) -> tuple[float, Any]:
        error = net - target
        return (error * error).sum() / 2, error

    def sigmoid(net: Any, target: Any) -> tuple[float, Any]:
        o = 1 / (1 + np.exp(-net))
        error = o - target
        return (error * error).sum() / 2, error * o * (1 - o)

    def softmax(net: Any, target: Any) -> tuple[float, Any]:
        powers = np.exp(net - net.max(axis=1, keepdims=True))
        o = powers / powers.sum(axis=1, keepdims=True)
        return -(target * np.log(o)).sum(), o - target

    return {"linear": linear, "sigmoid": sigmoid, "softmax": softmax}[out]


def _numpy_update(np: Any, job: Job, parameters: list[Any]) -> Callable[[list[Any]], None]:
    """The step of SGD or Adam, in place."""

    def sgd(gradients: list[Any]) -> None:
        for p, g in zip(parameters, gradients):
            p -= job.rate * g

    means, squares = [np.zeros_like(p) for p in parameters], [np.zeros_like(p) for p in parameters]
    step = 0

    def adam(gradients: list[Any]) -> None:
        nonlocal step
        step += 1
        corrected = job.rate * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step)
        for p, g, m, s in zip(parameters, gradients, means, squares):
            m += 0.1 * (g - m)
            s += 0.001 * (g * g - s)
            p -= corrected * m / (np.sqrt(s) + EPSILON)

    return adam if job.adam else sgd


def numpy_by_hand(job: Job) -> Peer:
    """Matrix products, in place updates."""
    np = _need("numpy")
    finish = _numpy_finish(np, job.out)
    batches = [(np.array(x), np.array(y)) for x, y in job.batches]

    def run() -> list[float]:
        w1, b1, w2, b2 = parameters = [np.array(p) for layer in job.weights for p in layer]
        update = _numpy_update(np, job, parameters)
        losses = []
        for _ in range(job.epochs):
            total = 0.0
            for x, y in batches:
                h = 1 / (1 + np.exp(-(x @ w1.T + b1)))
                loss, delta = finish(h @ w2.T + b2, y)
                total += loss
                delta = delta / len(x)
                delta_h = (delta @ w2) * h * (1 - h)
                update([delta_h.T @ x, delta_h.sum(axis=0), delta.T @ h, delta.sum(axis=0)])
            losses.append(float(total) / len(job.x))
        return losses

    return Peer("NumPy by hand", job, run)


# -- frameworks -------------------------------------------------------------------------------------------------------


def _torch_model(torch: Any, job: Job) -> Any:
    fan_in, hidden, units = job.widths
    layers = [torch.nn.Linear(fan_in, hidden), torch.nn.Sigmoid(), torch.nn.Linear(hidden, units)]
    model = torch.nn.Sequential(*layers, *([torch.nn.Sigmoid()] if job.out == "sigmoid" else [])).double()
    first = [torch.tensor(p, dtype=torch.float64) for layer in job.weights for p in layer]
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), first):
            parameter.copy_(value)
    return model


def _torch_loss(torch: Any, job: Job) -> Callable[[Any, Any], Any]:
    if job.out == "softmax":
        return torch.nn.CrossEntropyLoss()  # type: ignore[no-any-return]
    return lambda predicted, target: ((predicted - target) ** 2).sum() / (2 * len(target))


def pytorch_eager(job: Job) -> Peer:
    """nn.Sequential, torch.optim, loss.backward()."""
    torch = _need("torch")
    torch.set_num_threads(1)
    batches = [(torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)) for x, y in job.batches]
    loss_of = _torch_loss(torch, job)

    def run() -> list[float]:
        model = _torch_model(torch, job)
        if job.adam:
            optimizer = torch.optim.Adam(model.parameters(), lr=job.rate, eps=EPSILON)
        else:
            optimizer = torch.optim.SGD(model.parameters(), lr=job.rate)
        losses = []
        for _ in range(job.epochs):
            total = 0.0
            for x, y in batches:
                optimizer.zero_grad()
                loss = loss_of(model(x), y)
                loss.backward()
                optimizer.step()
                total += loss.item() * len(x)
            losses.append(total / len(job.x))
        return losses

    return Peer("PyTorch eager", job, run)


@lru_cache
def _keras() -> Any:
    """Keras 3, on the backend that KERAS_BACKEND names, or on the first that is installed."""
    installed = [name for name in ("tensorflow", "jax", "torch") if _is_installed(name)]
    if not installed:
        raise Absent("Keras has no backend: none of tensorflow, jax, torch is installed")
    os.environ.setdefault("KERAS_BACKEND", installed[0])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    keras = _need("keras")
    keras.config.set_floatx("float64")
    return keras


def _is_installed(module: str) -> bool:
    try:
        import_module(module)
    except Exception:  # some fail in other ways than ImportError where the machine does not suit them
        return False
    return True


def keras_train_on_batch(job: Job) -> Peer:
    """compile and train_on_batch: quicker than Keras' fit on small batches."""
    keras = _keras()
    np = _need("numpy")
    fan_in, hidden, units = job.widths

    def half_squared_error(target: Any, predicted: Any) -> Any:
        return keras.ops.sum(keras.ops.square(predicted - target), axis=-1) / 2

    dense = keras.layers.Dense
    model = keras.Sequential([keras.Input((fan_in,)), dense(hidden, "sigmoid"), dense(units, job.out)])
    first = [np.array(p).T for layer in job.weights for p in layer]
    batches = [(np.array(x), np.array(y)) for x, y in job.batches]

    def run() -> list[float]:
        model.set_weights(first)
        adam = keras.optimizers.Adam(job.rate, epsilon=EPSILON)
        optimizer = adam if job.adam else keras.optimizers.SGD(job.rate)
        model.compile(optimizer, "categorical_crossentropy" if job.out == "softmax" else half_squared_error)
        losses = []
        for _ in range(job.epochs):
            total = 0.0
            for x, y in batches:
                total += float(model.train_on_batch(x, y)) * len(x)
            losses.append(total / len(job.x))
        return losses

    return Peer(f"Keras on {keras.backend.backend()}", job, run)


def scikit_learn(job: Job) -> Peer:
    """MLPClassifier or MLPRegressor, its own training loop."""
    networks, np = _need("sklearn.neural_network"), _need("numpy")
    if job.out == "sigmoid":
        raise Absent("its outputs are linear for the squared error and softmax for the cross-entropy")
    kind = networks.MLPClassifier if job.out == "softmax" else networks.MLPRegressor
    model = kind(
        hidden_layer_sizes=(job.hidden,), activation="logistic", solver="adam" if job.adam else "sgd", alpha=0,
        momentum=0, batch_size=min(job.batch_size, len(job.x)), learning_rate_init=job.rate, epsilon=EPSILON,
        shuffle=False, max_iter=job.epochs, tol=0, n_iter_no_change=10**9, warm_start=True,
    )  # fmt: skip
    x, y = np.array(job.x), np.array(job.y)
    target = y.argmax(axis=1) if job.out == "softmax" else y
    # Its squared error is the mean over the outputs too, but its gradient is that of the sum.
    scale = 1 if job.out == "softmax" else len(job.y[0])

    def fit() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged yet
            model.fit(x, target)

    fit()  # once, to have coefs_ which the others' first weights can replace

    def run() -> list[float]:
        model.coefs_ = [np.array(weight).T.copy() for weight, _ in job.weights]
        model.intercepts_ = [np.array(bias) for _, bias in job.weights]
        fit()
        return [float(loss) * scale for loss in model.loss_curve_[-job.epochs :]]

    return Peer("scikit-learn", job, run)


# -- micrograd --------------------------------------------------------------------------------------------------------


def _node(value: Any, out: float, derivative: float) -> Any:
    """An operation that micrograd lacks, in micrograd's own manner."""
    node = type(value)(out, (value,), "f")

    def backward() -> None:
        value.grad += derivative * node.grad

    node._backward = backward
    return node


def _micrograd_loss(nets: list[Any], target: list[float], out: str) -> Any:
    """The loss of one row."""
    if out == "softmax":
        powers = [_node(net, exp(net.data), exp(net.data)) for net in nets]
        total = sum(powers)
        return _node(total, log(total.data), 1 / total.data) - sum(t * net for net, t in zip(nets, target))
    outputs = [_micrograd_sigmoid(net) for net in nets] if out == "sigmoid" else nets
    return sum((o - t) ** 2 for o, t in zip(outputs, target)) * 0.5


def _micrograd_sigmoid(net: Any) -> Any:
    s = 1 / (1 + exp(-net.data))
    return _node(net, s, s * (1 - s))


def _micrograd_layer(x: Any, weight: Any, bias: Any) -> list[Any]:
    return [sum((w * i for w, i in zip(row, x)), b) for row, b in zip(weight, bias)]  # as micrograd.nn.Neuron


def micrograd(job: Job) -> Peer:
    """One Value for each number; the gradients of a batch are summed row by row."""
    if job.adam:
        raise Absent("it has no optimizers")
    value = _need("micrograd.engine").Value
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))  # its backward is recursive

    def run() -> list[float]:
        (w1, b1), (w2, b2) = [([[value(w) for w in row] for row in m], list(map(value, b))) for m, b in job.weights]
        parameters = [w for matrix in (w1, w2, [b1, b2]) for row in matrix for w in row]
        losses = []
        for _ in range(job.epochs):
            total = 0.0
            for x, y in job.batches:
                for p in parameters:
                    p.grad = 0
                for row, target in zip(x, y):
                    h = [_micrograd_sigmoid(net) for net in _micrograd_layer(row, w1, b1)]
                    loss = _micrograd_loss(_micrograd_layer(h, w2, b2), target, job.out)
                    (loss * (1 / len(x))).backward()
                    total += loss.data
                for p in parameters:
                    p.data -= job.rate * p.grad
            losses.append(total / len(job.x))
        return losses

    return Peer("micrograd", job, run)


# -- C ----------------------------------------------------------------------------------------------------------------


@lru_cache
def _c_library() -> Any:
    """train.c, compiled now."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise Absent("there is no C compiler")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "train.so"
        source = Path(__file__).with_name("train.c")
        command = [compiler, "-O2", "-shared", "-fPIC", "-o", library, source, "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Absent(f"the C compiler says: {done.stderr.strip()[:200]}")
        return ctypes.CDLL(str(library))


def _doubles(numbers: Any) -> Any:
    numbers = list(numbers)
    return (ctypes.c_double * len(numbers))(*numbers)


def c_program(job: Job) -> Peer:
    """Plain loops over arrays of double, cc -O2."""
    library = _c_library()
    x, y = _doubles(v for row in job.x for v in row), _doubles(v for row in job.y for v in row)
    first = [v for weight, bias in job.weights for v in [*(w for row in weight for w in row), *bias]]
    out = ("linear", "sigmoid", "softmax").index(job.out)
    double = ctypes.c_double

    def run() -> list[float]:
        losses = (double * job.epochs)()
        library.train(
            *job.widths, out, int(job.adam), double(job.rate), double(EPSILON), len(job.x), job.batch_size, job.epochs,
            x, y, _doubles(first), losses,
        )  # fmt: skip
        return losses[:]  # type: ignore[no-any-return]

    return Peer("C, -O2", job, run)


TRAINING = (
    unrolled_by_hand, c_program, numpy_by_hand, pytorch_eager, keras_train_on_batch, scikit_learn, micrograd,
)  # fmt: skip


# -- prediction -------------------------------------------------------------------------------------------------------


def _onnx_model(job: Job) -> bytes:
    """The job's network with its first weights as an ONNX file, in float32 as such files are."""
    onnx = _need("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    fan_in, _, units = job.widths
    constants = []
    for k, (weight, bias) in enumerate(job.weights):
        flat = [w for row in weight for w in row]
        constants.append(helper.make_tensor(f"w{k}", kind, (len(weight), len(weight[0])), flat))
        constants.append(helper.make_tensor(f"b{k}", kind, (len(bias),), bias))
    nodes = [
        helper.make_node("Gemm", ["x", "w0", "b0"], ["net0"], transB=1),
        helper.make_node("Sigmoid", ["net0"], ["h"]),
        helper.make_node("Gemm", ["h", "w1", "b1"], ["net1"], transB=1),
        helper.make_node("Softmax", ["net1"], ["out"]),
    ]
    x = helper.make_tensor_value_info("x", kind, [None, fan_in])
    out = helper.make_tensor_value_info("out", kind, [None, units])
    graph = helper.make_graph(nodes, "network", [x], [out], constants)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()  # type: ignore[no-any-return]


def onnx_runtime(job: Job) -> tuple[str, Callable[[], list[float]]]:
    """One row through an InferenceSession: its name, and a function that predicts the first row."""
    np, ort = _need("numpy"), _need("onnxruntime")
    session = ort.InferenceSession(_onnx_model(job), providers=["CPUExecutionProvider"])
    feed = {"x": np.array(job.x[:1], dtype=np.float32)}
    return "ONNX Runtime", lambda: session.run(None, feed)[0][0]


def numpy_predict(job: Job) -> tuple[str, Callable[[], list[float]]]:
    """One row through hand-written NumPy."""
    np = _need("numpy")
    (w1, b1), (w2, b2) = [(np.array(weight), np.array(bias)) for weight, bias in job.weights]
    x = np.array(job.x[0])

    def predict() -> list[float]:
        h = 1 / (1 + np.exp(-(w1 @ x + b1)))
        net = w2 @ h + b2
        powers = np.exp(net - net.max())
        return powers / powers.sum()  # type: ignore[no-any-return]

    return "NumPy by hand", predict


PREDICTING = (onnx_runtime, numpy_predict)
