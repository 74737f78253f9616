"""From a record to straight-line Python: the arithmetic of a graph as the lines a person would write for it.

Values that no result needs are dropped, equal subexpressions are computed once, a value that is used once is written
where it is used while the line stays readable. The text holds only names made by layerkit, operators, and the `repr`
of floats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from layerkit.errors import RecordingError
from layerkit.graph import Value
from layerkit.graph.value import record
from layerkit.nodes import Node, PowLayer
from layerkit.numerics import Number

LINE_LENGTH = 100
MATH_FUNCTIONS = ("erf", "erfc", "exp", "expm1", "log", "log1p", "sqrt", "tanh")

# How each operation is written, how strongly it binds, and how strongly each operand must bind to stand there without
# parentheses. What is not in the table is a call.
_WRITTEN: dict[str, tuple[str, int, tuple[int, ...]]] = {
    "where({0}, {1}, {2})": ("{1} if {0} else {2}", 1, (2, 2, 1)),
    "maximum({0}, {1})": ("{0} if {0} >= {1} or {0} != {0} else {1}", 1, (9, 9)),  # NaN where one of them is
    "minimum({0}, {1})": ("{0} if {0} <= {1} or {0} != {0} else {1}", 1, (9, 9)),
    "maximum({0}, number {1})": ("{1} if {0} < {1} else {0}", 1, (9, 9)),
    "minimum({0}, number {1})": ("{1} if {0} > {1} else {0}", 1, (9, 9)),
    **{f"{{0}} {sign} {{1}}": (f"{{0}} {sign} {{1}}", 2, (3, 3)) for sign in ("<", "<=", ">", ">=", "==", "!=")},
    "{0} + {1}": ("{0} + {1}", 3, (3, 4)),
    "{0} - {1}": ("{0} - {1}", 3, (3, 4)),
    "{0} * {1}": ("{0} * {1}", 4, (4, 5)),
    "{0} / {1}": ("{0} / {1}", 4, (4, 5)),
    "-{0}": ("-{0}", 5, (5,)),
    "{0} ** {1}": ("{0} ** {1}", 6, (7, 6)),
}
_PRINTED = frozenset([*_WRITTEN, *(f"{name}({{0}})" for name in ("abs", *MATH_FUNCTIONS))])
_ATOM = 9
_WHERE = "where({0}, {1}, {2})"
_SUMS = ("{0} + {1}", "{0} - {1}")
_COMMUTATIVE = ("{0} + {1}", "{0} * {1}")
_OF_TWO = ("maximum", "minimum")  # written with an operand more than once, which must be a name or a number


class CallLayer(Node):
    """out = function(*inputs) for a function that cannot be recorded: the program calls it, once for each value."""

    def __init__(self, function: Callable[..., Number]) -> None:
        self.function = function

    def compute(self, *inputs: Number) -> Number:
        return self.function(*inputs)

    def gradient(self, dout: Number, out: Number, *inputs: Number) -> Any:
        raise RecordingError("a called function has no recorded derivative. Fix: give the activation a derivative.")


def call(function: Callable[..., Number], *inputs: Value) -> Any:
    """Record one call of a function that cannot be recorded itself."""
    return record(CallLayer(function), *inputs)


class Term:
    """An operation on terms, or a leaf: a name or a number. Equal operations are one Term."""

    __slots__ = ("args", "in_branch", "index", "leaves", "name", "symbol", "text", "uses")

    def __init__(self, symbol: str, args: tuple[Term, ...], index: int, text: str) -> None:
        self.symbol = symbol
        self.args = args
        self.index = index  # its place in the record; −1 for a number
        self.text = text  # how it is written where it is used
        self.name: str | None = None  # the line of its own that it has, if it must have one
        self.uses = 0
        self.leaves: frozenset[str] = frozenset()  # the names that `text` reads
        self.in_branch = False  # computed only where its branch is taken, so that it must stand there


class Printer:
    """Prints the values of a graph as lines; afterwards `functions` and `math_functions` are what the lines call.

    >>> from layerkit import Graph
    >>> graph = Graph(for_program=True)
    >>> x, y = graph.input("x", 1.0), graph.input("y", 2.0)
    >>> s = x + y
    >>> print(*Printer().lines([("x", s * s), ("half", s / 2)]), sep="\\n")
    v2 = x + y
    x = v2 * v2
    half = v2 / 2.0
    """

    def __init__(self) -> None:
        self.functions: dict[str, Callable[..., Any]] = {}
        self.math_functions: set[str] = set()

    def lines(
        self,
        outputs: Sequence[tuple[str, Value]],
        names: Mapping[Value, str] | None = None,
        comments: Sequence[tuple[int, str]] = (),
        last_comment: str = "",
        constants: Mapping[str, Number] | None = None,
        rate: str = "",
    ) -> list[str]:
        """Lines that compute the outputs and assign each to its name, as if all were assigned at once.

        An output may have the name of an input: all other outputs are computed from the input's old value. `names`
        gives values lines of their own; a comment goes before the first line of what was recorded from its index on,
        `last_comment` before the assignments. `constants` gives inputs whose number is written in place of their name.
        `rate` names an input by which many products delta · x are multiplied: rate · delta is then computed once.
        """
        graph = outputs[0][1].graph
        terms = _Terms(self, constants or {}, rate)
        for index in sorted(_needed([value for _, value in outputs])):
            terms.add(graph.values[index], (names or {}).get(graph.values[index]))
        results = [(name, terms.of[value.index]) for name, value in outputs]
        for _, term in results:
            term.uses += 1
        for term in reversed(terms.all):
            if not term.uses:
                for arg in term.args:
                    arg.uses -= 1
        for name, term in results:
            if term.uses > 1 and term.name is None and terms.is_last_reader(term, name):
                term.name = name
        _settle_branches(terms.all)
        return _write(terms.all, results, list(comments), last_comment)

    def function_name(self, function: Callable[..., Any]) -> str:
        """The name under which the lines call a function that was not recorded."""
        for name, known in self.functions.items():
            if known is function:
                return name
        name = f"f{len(self.functions) + 1}"
        self.functions[name] = function
        return name


def _needed(values: Sequence[Value]) -> set[int]:
    """The indices of all that these values are computed from."""
    graph, waiting = values[0].graph, [value.index for value in values]
    seen: set[int] = set()
    while waiting:
        index = waiting.pop()
        if index not in seen:
            seen.add(index)
            waiting += [o.index for o in graph.values[index].operands if isinstance(o, Value) and o.graph is graph]
    return seen


class _Terms:
    """The terms of a record in its order; `of` finds that of a value by its index."""

    def __init__(self, printer: Printer, constants: Mapping[str, Number], rate: str) -> None:
        self.printer = printer
        self.constants = constants
        self.rate = rate
        self.of: dict[int, Term] = {}
        self.all: list[Term] = []
        self._known: dict[Any, Term] = {}
        self._taken: set[str] = set()  # the names of lines

    def add(self, value: Value, name: str | None) -> None:
        """Take in a value whose operands were taken in before."""
        if value.node is None and value.label in self.constants:
            term = self._number(self.constants[value.label])
        elif value.node is None:
            term = self._term("", (), value.index, value.label)
        else:
            here = [isinstance(o, Value) and o.graph is value.graph for o in value.operands]
            args = [self.of[o.index] if own else self._number(o) for o, own in zip(value.operands, here)]
            term = self._operation(value.node, args, value.index)
        if name is not None and term.name is None and term.symbol and name not in self._taken:
            term.name = name
            self._taken.add(name)
        self.of[value.index] = term

    def is_last_reader(self, term: Term, name: str) -> bool:
        """Whether nothing but this term reads the input of that name, so that the term may take its place."""
        leaf = self._known.get(("", name))
        if not term.symbol or leaf is None or leaf.uses != 1:
            return False
        return leaf in term.args or any(leaf in arg.args for arg in term.args)

    def _number(self, value: Any) -> Term:
        number = float(value)
        if number - number != 0:
            raise RecordingError(f"the constant {value!r} is not finite. Fix: use a finite number.")
        text = repr(number)
        return self._term("", (), -1, f"({text})" if text.startswith("-") else text)

    def _operation(self, node: Node, args: list[Term], index: int) -> Term:
        symbol = node.symbol
        if type(node).__module__ != PowLayer.__module__ or symbol not in _PRINTED:
            function = node.function if isinstance(node, CallLayer) else node.compute
            symbol = self.printer.function_name(function) + _arguments(len(args))
        elif isinstance(node, PowLayer) and node.exponent is not None:
            if node.exponent == 2:
                symbol, args = "{0} * {1}", [args[0], args[0]]
            else:
                args = [args[0], self._number(node.exponent)]
        elif symbol.startswith(_OF_TWO) and args[1].index < 0:
            symbol = symbol.replace("{1}", "number {1}")
        elif symbol.split("(")[0] in MATH_FUNCTIONS:
            self.printer.math_functions.add(symbol.split("(")[0])
        elif self.rate and symbol == "{0} * {1}" and args[0].text == self.rate:
            args = self._step_first(args, index)
        same = _without_effect(symbol, [arg.text if not arg.symbol else "" for arg in args])
        return self._term(symbol, tuple(args), index, "") if same is None else args[same]

    def _step_first(self, args: list[Term], index: int) -> list[Term]:
        """rate · (delta · x) as (rate · delta) · x, where rate · delta is one number for all weights of a unit."""
        rate, product = args
        if product.symbol != "{0} * {1}" or not (product.args[0].name or "").startswith("delta_"):
            return args
        delta, x = product.args
        step = self._term("{0} * {1}", (rate, delta), index, "")
        step.name = step.name or f"step_{str(delta.name)[len('delta_') :]}"
        return [step, x]

    def _term(self, symbol: str, args: tuple[Term, ...], index: int, text: str) -> Term:
        ids = [id(arg) for arg in args]
        key = (symbol, text, *(sorted(ids) if symbol in _COMMUTATIVE else ids))
        term = self._known.get(key)
        if term is None:
            term = self._known[key] = Term(symbol, args, index, text)
            self.all.append(term)
            if index >= 0 and not symbol:
                term.leaves = frozenset((text,))
            for arg in args:
                arg.uses += 1
        return term


def _arguments(count: int) -> str:
    return f"({', '.join(f'{{{k}}}' for k in range(count))})"


def _without_effect(symbol: str, numbers: list[str]) -> int | None:
    """Which operand the operation only repeats, as x · 1 repeats x."""
    neutral = "0.0" if symbol in _SUMS else "1.0" if symbol in ("{0} * {1}", "{0} / {1}") else None
    if neutral is not None and numbers[1] == neutral:
        return 0
    return 1 if neutral is not None and numbers[0] == neutral and symbol in _COMMUTATIVE else None


def _settle_branches(terms: list[Term]) -> None:
    """Within the branch of a condition that condition is known: there, `a if c else b` is only `a`.

    So a guard against overflow, `exp(where(c, -x, 0))` in the branch where c holds, is written as `exp(-x)`.
    """
    for term in terms:
        if term.symbol == _WHERE and term.uses:
            condition, holding, failing = term.args
            term.args = (condition, _settled(holding, condition, 1, 8), _settled(failing, condition, 2, 8))


def _settled(term: Term, condition: Term, branch: int, depth: int) -> Term:
    """The term with the condition known, where nothing else uses it; otherwise as it is."""
    if term.uses > 1 or term.name is not None or not term.symbol or term.symbol.startswith(_OF_TWO) or not depth:
        return term
    if term.symbol == _WHERE and term.args[0] is condition:
        for arg in (condition, term.args[3 - branch]):
            _give_up(arg)
        term.uses = 0
        return term.args[branch]
    args = tuple(_settled(arg, condition, branch, depth - 1) for arg in term.args)
    term.in_branch = term.in_branch or any(new is not old or new.in_branch for new, old in zip(args, term.args))
    term.args = args
    return term


def _give_up(term: Term) -> None:
    """One use less; what nothing uses any more is not written."""
    waiting = [term]
    while waiting:
        term = waiting.pop()
        term.uses -= 1
        if term.uses == 0:
            waiting += term.args


def _write(
    terms: list[Term], results: list[tuple[str, Term]], comments: list[tuple[int, str]], last_comment: str
) -> list[str]:
    lines: list[str] = []
    partial_names = _names_of_partial_sums(terms)
    atoms = {id(arg) for term in terms if term.symbol.startswith(_OF_TWO) for arg in term.args}

    def give_line(term: Term, name: str) -> None:
        lines.append(f"{name} = {term.text}")
        term.text, term.symbol, term.leaves = name, "", frozenset((name,))

    for term in terms:
        if not term.symbol or not term.uses:
            continue
        while comments and comments[0][0] <= term.index:
            _comment(lines, comments.pop(0)[1])
        for arg in term.args:
            if arg.symbol and not arg.in_branch and len(arg.text) > LINE_LENGTH // 2 and len(_text(term)) > LINE_LENGTH:
                give_line(arg, partial_names.get(id(arg)) or f"v{arg.index}")
        term.text = _text(term)
        term.leaves = frozenset().union(*(arg.leaves for arg in term.args))
        if term.name is not None or term.uses > 1 or id(term) in atoms:
            give_line(term, term.name or f"v{term.index}")
    _comment(lines, last_comment)
    _assign(lines, results)
    return lines


def _comment(lines: list[str], text: str) -> None:
    """A comment line; one that no line came after is replaced."""
    if lines and lines[-1].startswith("#"):
        lines.pop()
    if text:
        lines.append(f"# {text}")


def _names_of_partial_sums(terms: list[Term]) -> dict[int, str]:
    """A long sum is written in parts; each part is kept under the name of the whole, unless that is an input's."""
    inputs = {term.text for term in terms if not term.symbol}
    names: dict[int, str] = {}
    for term in reversed(terms):
        whole = term.name or names.get(id(term))
        if whole is not None and whole not in inputs and term.symbol in _SUMS:
            names.update({id(arg): whole for arg in term.args[:1] if arg.uses == 1 and arg.name is None})
    return names


def _text(term: Term) -> str:
    pattern, _, needed = _WRITTEN.get(term.symbol, (term.symbol, 8, (0,) * len(term.args)))
    return pattern.format(*[_operand(arg, strength) for arg, strength in zip(term.args, needed)])


def _operand(term: Term, needed: int) -> str:
    strength = _WRITTEN.get(term.symbol, ("", 8, ()))[1] if term.symbol else _ATOM
    return term.text if strength >= needed else f"({term.text})"


def _assign(lines: list[str], results: list[tuple[str, Term]]) -> None:
    """The assignments; an input that is overwritten while a later line still reads it is kept under another name."""
    last_reader = {leaf: k for k, (_, term) in enumerate(results) for leaf in term.leaves}
    kept: dict[str, str] = {}
    for k, (name, term) in enumerate(results):
        text = term.text
        for leaf in term.leaves & kept.keys():
            text = _renamed(text, leaf, kept[leaf])
        if text != name and last_reader.get(name, -1) > k:
            kept[name] = f"old_{name}"
            lines.append(f"{kept[name]} = {name}")
        if text != name:
            lines.append(f"{name} = {text}")


def _renamed(text: str, name: str, new: str) -> str:
    import re

    return re.sub(rf"\b{name}\b", new, text)
