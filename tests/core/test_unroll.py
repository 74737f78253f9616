"""The printer: from a record to lines of Python that compute the same numbers to the last bit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from layerkit import Graph, NumericsError, RecordingError, Value, exp, maximum, minimum, where
from layerkit.graph.value import record
from layerkit.nodes import MulLayer, Node
from layerkit.numerics import erf, erfc, expm1, log, log1p, sqrt, tanh
from layerkit.unroll import LINE_LENGTH, MATH_FUNCTIONS, Printer, call


def inputs(*names: str, **values: float) -> list[Value]:
    """Values of one graph, with those numbers, or 1.0, 2.0, … where none is given."""
    graph = Graph(for_program=True)
    return [graph.input(name, values.get(name, k + 1.0)) for k, name in enumerate(names)]


def lines(*outputs: tuple[str, Any], **options: Any) -> list[str]:
    return Printer().lines(outputs, **options)


def run(printed: list[str], **namespace: Any) -> dict[str, Any]:
    namespace.update({name: getattr(math, name) for name in MATH_FUNCTIONS})
    exec(compile("\n".join(printed), "<printed>", "exec"), namespace)
    return namespace


# -- what is written, and how often ---------------------------------------------------------------------------------


def test_what_no_result_needs_is_not_printed() -> None:
    x, y = inputs("x", "y")
    _ = exp(x * y) + 1
    assert lines(("z", x + y)) == ["z = x + y"]


def test_what_is_used_once_is_written_where_it_is_used() -> None:
    x, y = inputs("x", "y")
    assert lines(("z", exp(x * y) / (x - y))) == ["z = exp(x * y) / (x - y)"]


def test_what_is_used_twice_has_a_line_of_its_own() -> None:
    x, y = inputs("x", "y")
    product = x * y
    assert lines(("z", product + exp(product))) == ["v2 = x * y", "z = v2 + exp(v2)"]


def test_equal_subexpressions_are_computed_once() -> None:
    x, y = inputs("x", "y")
    assert lines(("z", exp(x * y) + exp(x * y))) == ["v3 = exp(x * y)", "z = v3 + v3"]


@pytest.mark.parametrize("pair", [lambda a, b: (a + b, b + a), lambda a, b: (a * b, b * a)])
def test_sums_and_products_are_equal_in_either_order(pair: Callable[..., Any]) -> None:
    x, y = inputs("x", "y")
    one, other = pair(x, y)
    printed = lines(("z", exp(one) - tanh(other)))
    assert len(printed) == 2
    assert printed[1] == "z = exp(v2) - tanh(v2)"


@pytest.mark.parametrize("pair", [lambda a, b: (a - b, b - a), lambda a, b: (a / b, b / a), lambda a, b: (a**b, b**a)])
def test_differences_quotients_and_powers_are_not(pair: Callable[..., Any]) -> None:
    x, y = inputs("x", "y")
    one, other = pair(x, y)
    assert run(lines(("z", one - other)), x=3.0, y=2.0)["z"] == sum(n * p for n, p in zip((1, -1), pair(3.0, 2.0)))


def test_a_number_added_as_0_or_multiplied_by_1_is_not_written() -> None:
    x, y = inputs("x", "y")
    assert lines(("z", (0 + x * 1) / 1 + (y - 0) * 1.0)) == ["z = x + y"]
    assert lines(("z", 0 - x)) == ["z = 0.0 - x"]


def test_a_square_is_a_product() -> None:
    x, y = inputs("x", "y")
    assert lines(("z", (x + y) ** 2)) == ["v2 = x + y", "z = v2 * v2"]


def test_a_named_value_has_a_line_of_that_name_even_if_it_is_used_once() -> None:
    x, y = inputs("x", "y")
    net = x * y
    assert lines(("z", tanh(net)), names={net: "net_h1"}) == ["net_h1 = x * y", "z = tanh(net_h1)"]


def test_a_name_is_given_to_one_value_only() -> None:
    x, y = inputs("x", "y")
    first, second = tanh(x), tanh(y)
    printed = lines(("z", (first + second) * (first - second)), names={first: "out", second: "out"})
    namespace = run(printed, x=0.5, y=0.25)
    assert namespace["z"] == (math.tanh(0.5) + math.tanh(0.25)) * (math.tanh(0.5) - math.tanh(0.25))


def test_comments_stand_before_what_was_recorded_from_there_on() -> None:
    x, y = inputs("x", "y")
    net = x * y
    out = tanh(net)
    comments = [(net.index, "forward"), (out.index, "then"), (out.index + 1, "never reached")]
    printed = lines(("z", out), names={net: "net", out: "out"}, comments=comments, last_comment="results")
    assert printed == ["# forward", "net = x * y", "# then", "out = tanh(net)", "# results", "z = out"]


def test_a_comment_that_no_line_comes_after_is_replaced_by_the_next() -> None:
    x, y = inputs("x", "y")
    net = x * y
    assert lines(("z", net), comments=[(2, "forward")], last_comment="update") == ["# update", "z = x * y"]


def test_an_input_may_be_written_as_its_number() -> None:
    x, w = inputs("x", "w")
    assert lines(("z", x * w), constants={"w": -0.5}) == ["z = x * (-0.5)"]
    assert lines(("z", x * w), constants={"w": 1}) == ["z = x"]


# -- precedence -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (lambda a, b, c: (a + b) * c, "(a + b) * c"),
        (lambda a, b, c: a + b * c, "a + b * c"),
        (lambda a, b, c: a - (b - c), "a - (b - c)"),
        (lambda a, b, c: (a - b) - c, "a - b - c"),
        (lambda a, b, c: a + (b + c), "a + (b + c)"),
        (lambda a, b, c: a / (b * c), "a / (b * c)"),
        (lambda a, b, c: a / b * c, "a / b * c"),
        (lambda a, b, c: a * (b / c), "a * (b / c)"),
        (lambda a, b, c: -(a * b) * c, "-(a * b) * c"),
        (lambda a, b, c: -a * (b - -c), "-a * (b - -c)"),
        (lambda a, b, c: -(-a) + b + c, "--a + b + c"),  # noqa: B002  minus minus a is what is meant
        (lambda a, b, c: (-a) ** 3 + b + c, "(-a) ** 3.0 + b + c"),
        (lambda a, b, c: -(a**3) + b + c, "-a ** 3.0 + b + c"),
        (lambda a, b, c: (a**b) ** c, "(a ** b) ** c"),
        (lambda a, b, c: a ** (b**c), "a ** b ** c"),
        (lambda a, b, c: a ** (-b) * c, "a ** (-b) * c"),
        (lambda a, b, c: (a * b) ** (b * c), "(a * b) ** (b * c)"),
        (lambda a, b, c: 3 ** (a + b + c), "3.0 ** (a + b + c)"),
        (lambda a, b, c: (-3) ** 3 * (a + b + c), "(-27.0) * (a + b + c)"),
        (lambda a, b, c: abs(a - b) * c, "abs(a - b) * c"),
        (lambda a, b, c: where(a < b, b, c), "b if a < b else c"),
        (lambda a, b, c: where(a < b, b, c) * a, "(b if a < b else c) * a"),
        (lambda a, b, c: where(a + b < c, a - b, b - a), "a - b if a + b < c else b - a"),
        (lambda a, b, c: where(a > b, b, where(b > c, c, a)), "b if a > b else c if b > c else a"),
        (lambda a, b, c: where(a > b, where(b > c, c, a), b), "(c if b > c else a) if a > b else b"),
        (lambda a, b, c: where(where(a > b, b, c) != 0, a, b), "a if (b if a > b else c) != 0.0 else b"),
        (lambda a, b, c: where((a > b) == (b > c), a, c), "a if (a > b) == (b > c) else c"),
    ],
)  # fmt: skip
def test_parentheses_stand_where_they_must_and_nowhere_else(formula: Callable[..., Any], text: str) -> None:
    printed = lines(("z", formula(*inputs("a", "b", "c", a=0.5, b=3.0, c=2.0))))
    assert printed == [f"z = {text}"]
    assert run(printed, a=0.5, b=3.0, c=2.0)["z"] == formula(0.5, 3.0, 2.0)


def test_the_base_minus_zero_keeps_its_parentheses() -> None:
    (x,) = inputs("x")
    assert lines(("z", (-0.0) ** x)) == ["z = (-0.0) ** x"]


@pytest.mark.parametrize("number", [0.1, 1e-300, 1e300, 5e-324, 123456789.123456789, 1 / 3, 2**60, 10**22])
def test_a_number_is_written_so_that_it_is_read_back_exactly(number: float) -> None:
    (x,) = inputs("x", x=1.5)
    for sign in (1, -1):
        assert run(lines(("z", x - sign * number)), x=1.5)["z"] == 1.5 - float(sign * number)


def test_a_fraction_is_written_as_a_float() -> None:
    from fractions import Fraction

    (x,) = inputs("x")
    assert lines(("z", x * Fraction(1, 4))) == ["z = x * 0.25"]


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_number_that_is_not_finite_cannot_be_written(number: float) -> None:
    (x,) = inputs("x")
    with pytest.raises(RecordingError, match="is not finite"):
        lines(("z", x * number))


# -- conditions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [maximum, minimum])
@pytest.mark.parametrize("y", [-1.0, 0.0, 2.0, math.nan, math.inf])
@pytest.mark.parametrize("x", [-1.0, 0.0, 2.0, math.nan, -math.inf])
def test_the_larger_and_the_smaller_are_conditional_expressions_that_let_nan_through(
    function: Callable[..., Any], x: float, y: float
) -> None:
    a, b = inputs("a", "b")
    expected = function(x, y)
    printed = lines(("z", function(a, b)))
    assert len(printed) == 1
    assert " if " in printed[0]
    assert _same(run(printed, a=x, b=y)["z"], expected)
    if math.isfinite(y):
        printed = lines(("z", function(a, y)))
        assert _same(run(printed, a=x)["z"], expected)


def test_relu_is_one_line() -> None:
    (x,) = inputs("x")
    assert lines(("z", maximum(x, 0))) == ["z = 0.0 if x < 0.0 else x"]
    assert lines(("z", minimum(x, 6))) == ["z = 6.0 if x > 6.0 else x"]


def test_what_a_conditional_expression_reads_twice_is_computed_once() -> None:
    calls = []
    (x,) = inputs("x")
    printer = Printer()
    printed = printer.lines([("z", maximum(call(lambda value: calls.append(value) or value, x), x * 2))])
    calls.clear()
    run(printed, x=1.0, **printer.functions)
    assert calls == [1.0]


def test_a_condition_used_twice_is_tested_once() -> None:
    x, y = inputs("x", "y")
    positive = x >= 0
    assert lines(("z", where(positive, x, y) * where(positive, 2, y))) == [
        "v2 = x >= 0.0",
        "z = (x if v2 else y) * (2.0 if v2 else y)",
    ]


def test_in_the_branch_of_a_condition_its_guards_are_not_written() -> None:
    (x,) = inputs("x")
    ahead = x > -700
    printed = lines(("z", where(ahead, 1 / (1 + exp(where(ahead, -x, 0))), exp(where(ahead, 0, x)))))
    assert printed == ["z = 1.0 / (1.0 + exp(-x)) if x > (-700.0) else exp(x)"]
    assert run(printed, x=-800.0)["z"] == 0
    assert run(printed, x=800.0)["z"] == 1


def test_a_guard_stays_where_its_value_is_used_outside_of_the_branch_too() -> None:
    (x,) = inputs("x")
    ahead = x > -700
    guarded = exp(where(ahead, -x, 0))
    printed = lines(("z", where(ahead, guarded, 3) + guarded))
    assert run(printed, x=-800.0)["z"] == 4
    assert run(printed, x=0.0)["z"] == 2


@pytest.mark.parametrize(
    "outer", [lambda value: value, tanh, lambda value: maximum(value, 0.5), lambda value: value * 2]
)
def test_what_lost_its_guard_stays_in_its_branch_however_long_the_line_is(outer: Callable[[Any], Any]) -> None:
    x, *others = inputs("x", *(f"a_very_long_name_{k}" for k in range(6)))
    ahead = x > -700
    inner = sum(others) + exp(where(ahead, -x, 0)) * sum(other * other for other in others)
    printed = lines(("z", outer(where(ahead, inner, 1))))
    values = {f"a_very_long_name_{k}": 1.0 for k in range(6)}
    assert run(printed, x=-800.0, **values)["z"] == outer(1)
    assert run(printed, x=0.0, **values)["z"] == outer(12.0)


# -- calls ----------------------------------------------------------------------------------------------------------


def test_a_function_that_cannot_be_recorded_is_called_once_for_each_value() -> None:
    x, y = inputs("x", "y")
    printer = Printer()
    printed = printer.lines([("z", call(math.sin, x) * call(math.sin, x) + call(math.sin, y) + call(math.hypot, x, y))])
    assert printed == ["v2 = f1(x)", "z = v2 * v2 + f1(y) + f2(x, y)"]
    assert printer.functions == {"f1": math.sin, "f2": math.hypot}


def test_an_operation_of_somebody_else_is_called_whatever_its_symbol_says() -> None:
    class Sinister(Node):
        symbol = "exp({0}); import os"

        def compute(self, x: Any) -> Any:
            return 3 * x

    class Posing(MulLayer):
        def compute(self, x: Any, y: Any) -> Any:
            return min(x * y, 1.0)

    x, y = inputs("x", "y")
    printer = Printer()
    printed = printer.lines([("z", record(Sinister(), x) + record(Posing(), x, y))])
    assert printed == ["z = f1(x) + f2(x, y)"]
    assert run(printed, x=1.0, y=9.0, **printer.functions)["z"] == 3 * 1.0 + 1.0


def test_a_called_function_has_no_recorded_derivative() -> None:
    (x,) = inputs("x")
    with pytest.raises(RecordingError, match="derivative"):
        call(math.sin, x).backward()


def test_the_functions_of_math_that_are_called_are_known() -> None:
    (x,) = inputs("x", x=0.5)
    printer = Printer()
    functions = {"erf": erf, "erfc": erfc, "exp": exp, "expm1": expm1, "log": log, "log1p": log1p, "sqrt": sqrt}
    total = sum(function(x) for function in functions.values()) + tanh(x)
    printed = printer.lines([("z", total)])
    assert printer.math_functions == set(MATH_FUNCTIONS) == {*functions, "tanh"}
    assert run(printed, x=0.5)["z"] == total.value


# -- long lines -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("from_the_right", [False, True])
def test_a_sum_of_five_thousand_terms_compiles(from_the_right: bool) -> None:
    values = inputs(*(f"x{k}" for k in range(5000)))
    total = values[0]
    for value in values[1:]:
        total = value + total if from_the_right else total + value
    printed = lines(("total", total))
    assert max(map(len, printed)) <= LINE_LENGTH + 10
    assert run(printed, **{f"x{k}": k + 1.0 for k in range(5000)})["total"] == 5000 * 5001 / 2


@pytest.mark.parametrize(
    "step",
    [
        lambda total, x: total * x,
        lambda total, x: x - total,
        lambda total, x: -total,
        lambda total, x: tanh(total),
        lambda total, x: x / (total + 2),
        lambda total, x: where(x > 0, total, x),
        lambda total, x: where(total > x, total, x),
        lambda total, x: maximum(total, x * 2),
        lambda total, x: total * total - x,
    ],
)
def test_five_hundred_nested_operations_compile_and_stay_exact(step: Callable[..., Any]) -> None:
    (x,) = inputs("x", x=0.75)
    total, expected = x, 0.75
    for _ in range(500):
        total, expected = step(total, x), step(expected, 0.75)
    printed = lines(("total", total))
    assert max(map(len, printed)) <= LINE_LENGTH + 20
    assert _same(run(printed, x=0.75)["total"], expected)


def test_the_parts_of_a_long_sum_keep_the_name_of_the_whole() -> None:
    values = inputs(*(f"out_h{k}" for k in range(40)))
    net = sum(values)
    printed = lines(("z", tanh(net)), names={net: "net_o1"})
    assert len(printed) > 3
    assert all(line.startswith("net_o1 = ") for line in printed[:-1])
    assert printed[-1] == "z = tanh(net_o1)"
    assert run(printed, **{f"out_h{k}": k / 64 for k in range(40)})["net_o1"] == 780 / 64


def test_the_parts_of_a_long_sum_do_not_overwrite_what_the_rest_of_it_reads() -> None:
    w, *others = inputs("w", *(f"a_long_name_{k}" for k in range(12)))
    total = sum(others) + w
    printed = lines(("w", total), ("twice", total * 2))
    after = run(printed, w=1000.0, **{f"a_long_name_{k}": 1.0 for k in range(12)})
    assert (after["w"], after["twice"]) == (1012.0, 2024.0)


# -- results that take the place of inputs ----------------------------------------------------------------------------


def test_two_inputs_change_places() -> None:
    a, b = inputs("a", "b")
    printed = lines(("a", b), ("b", a))
    assert printed == ["old_a = a", "a = b", "b = old_a"]
    after = run(printed, a=1, b=2)
    assert (after["a"], after["b"]) == (2, 1)


def test_three_inputs_move_on_in_a_circle() -> None:
    a, b, c = inputs("a", "b", "c")
    after = run(lines(("a", b), ("b", c), ("c", a)), a=1, b=2, c=3)
    assert (after["a"], after["b"], after["c"]) == (2, 3, 1)


def test_an_input_is_overwritten_after_its_last_reader_without_being_kept() -> None:
    w, v, g = inputs("w", "v", "g")
    assert lines(("w", w + v), ("v", v - g)) == ["w = w + v", "v = v - g"]
    assert lines(("v", v - g), ("w", w + v)) == ["old_v = v", "v = v - g", "w = w + old_v"]


def test_a_new_value_that_others_need_takes_the_place_of_the_old_one_at_once() -> None:
    w, v, g = inputs("w", "v", "g")
    velocity = 0.5 * v - g
    assert lines(("v", velocity), ("w", w + velocity)) == ["v = 0.5 * v - g", "w = w + v"]


def test_but_not_where_a_result_is_the_old_value_itself() -> None:
    w, g = inputs("w", "g")
    new = w * g
    after = run(lines(("w", new), ("twice", new * 2), ("before", w)), w=3.0, g=5.0)
    assert (after["w"], after["twice"], after["before"]) == (15.0, 30.0, 3.0)


def test_nor_where_another_line_reads_the_old_value_later() -> None:
    w, g = inputs("w", "g")
    new = w * g
    after = run(lines(("w", new), ("z", (new + 1) * (new + w))), w=3.0, g=5.0)
    assert (after["w"], after["z"]) == (15.0, 16.0 * 18.0)


def test_a_result_may_have_the_name_of_a_line_that_later_results_read() -> None:
    x, w = inputs("x", "w")
    out = tanh(x)
    printed = lines(("out_o1", out * 2), ("w", w - out), names={out: "out_o1"})
    after = run(printed, x=0.5, w=1.0)
    assert after["out_o1"] == 2 * math.tanh(0.5)
    assert after["w"] == 1.0 - math.tanh(0.5)


def test_one_value_may_be_two_results() -> None:
    a, b = inputs("a", "b")
    after = run(lines(("a", a + b), ("b", a + b), ("c", a)), a=1.0, b=2.0)
    assert (after["a"], after["b"], after["c"]) == (3.0, 3.0, 1.0)


# -- any record -----------------------------------------------------------------------------------------------------

UNARY = [exp, expm1, tanh, sqrt, log, log1p, erf, erfc, abs, lambda x: -x, lambda x: x**3, lambda x: x**-1.5]
BINARY = [
    lambda x, y: x + y, lambda x, y: y + x, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / y,
    lambda x, y: x**y, maximum, minimum, lambda x, y: where(x < y, x, y * 2), lambda x, y: where(x >= y, x + 1, y),
    lambda x, y: where(x != y, where(x <= 0, y, x), -1),
]  # fmt: skip
NUMBERS = [0, 1, -1, 0.1, -2.5, 3, 1e-3, -0.0]


def random_record(rng: Random) -> tuple[dict[str, float], list[Value]]:
    """Some inputs with their numbers, and all the values of a random record of them."""
    start = {f"x{k}": rng.uniform(-2, 2) for k in range(rng.randint(1, 5))}
    graph = Graph(for_program=True)
    values = [graph.input(name, number) for name, number in start.items()]
    conditions = [values[0] > 0, values[-1] <= values[0]]
    for _ in range(rng.randint(1, 60)):
        pool = values if rng.random() < 0.3 else values[-4:]
        try:
            if rng.random() < 0.2:
                new = where(rng.choice(conditions), rng.choice(pool), rng.choice([rng.choice(pool), *NUMBERS]))
            elif rng.random() < 0.3:
                new = rng.choice(UNARY)(rng.choice(pool))
            else:
                other = rng.choice(NUMBERS) if rng.random() < 0.2 else rng.choice(values)
                operands = [rng.choice(pool), other]
                rng.shuffle(operands)
                new = rng.choice(BINARY)(*operands)
        except NumericsError:
            continue
        if isinstance(new, Value) and not isinstance(new.value, bool):
            values.append(new)
    return start, values


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_any_record_is_printed_to_the_recorded_numbers(first: int) -> None:
    for seed in range(first, first + 100):
        rng = Random(seed)
        start, values = random_record(rng)
        outputs = rng.sample(values, rng.randint(1, min(6, len(values))))
        names = rng.sample([*start, *(f"y{k}" for k in range(len(outputs)))], len(outputs))
        own_lines = {value: f"line{k}" for k, value in enumerate(values) if value.node and rng.random() < 0.2}
        printer = Printer()
        printed = printer.lines(list(zip(names, outputs)), own_lines)
        assert max(map(len, printed), default=0) <= LINE_LENGTH + 60, seed
        after = run(printed, **start)
        for name, value in zip(names, outputs):
            assert _same(after[name], value.value), (seed, name, printed)


def test_the_text_of_a_record_is_always_the_same_and_holds_only_names_and_numbers() -> None:
    known = r"x\d+|y\d+|v\d+|old_x\d+|if|else|or|" + "|".join(("abs", *MATH_FUNCTIONS))
    for seed in range(60):
        texts = []
        for _ in range(2):
            _, values = random_record(Random(seed))
            texts.append("\n".join(lines(("x0", values[-1]), ("y0", values[-1]))))
        assert texts[0] == texts[1]
        without_numbers = re.sub(r"(?<![\w.])\d+(\.\d+)?(e-?\d+)?", "", texts[0])
        assert {word for word in re.findall(r"\w+", without_numbers) if not re.fullmatch(known, word)} == set()


def _same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)
