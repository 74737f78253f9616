"""A graph as a table, as DOT and as a picture: the numbers, the escaping, and that nothing covers anything else."""

from __future__ import annotations

import random
import re
import runpy
import shutil
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ET
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest

from layerkit import ArgumentError, Graph, Value, exp, log, maximum, sqrt, where
from layerkit.graph.drawing import edge_gradients, number_text, visible
from layerkit.graph.placement import Spot, settle
from layerkit.nodes import Node

EXAMPLE = Path(__file__).parents[2] / "examples" / "graph.py"
NASTY = '<script>alert("1")</script> & \' \\N \u2028\n\r\x00\x1b[31m\u202e\ud800 ]]> -->'
NASTY_SHOWN = '<script>alert("1")</script> & \' \\N \\u2028\\n\\r\\x00\\x1b[31m\\u202e\\ud800 ]]> -->'
SHORT_NASTY = '<a b="&lt;">\n\u2028'

# -- graphs -----------------------------------------------------------------------------------------------------------


def shop(names: tuple[str, ...] = ("apple price", "apples", "orange price", "oranges", "tax")) -> Value:
    graph = Graph()
    apple_price, apples, orange_price, oranges, tax = map(graph.input, names, (100, 2, 150, 3, 1.1))
    return (apple_price * apples + orange_price * oranges) * tax


def korean_shop() -> Value:
    return shop(("사과 가격", "사과 개수", "귤 가격", "귤 개수", "소비세"))


def square_of_sum() -> Value:
    graph = Graph()
    return (graph.input("x", 3) + graph.input("y", 4)) ** 2


def square() -> Value:
    x = Graph().input("x", 3)
    return x * x


def neuron(x: float = 1.0, w: float = 2.0, b: float = -2.0) -> Value:
    graph = Graph()
    return 1 / (1 + exp(-(graph.input("x", x) * graph.input("w", w) + graph.input("b", b))))


def long_neuron() -> Value:
    return neuron(0.12345678901, -2.718281828459045, 1e-300 / 3)


def softmax() -> Value:
    graph = Graph()
    powers = [exp(graph.input(f"a{i}", a)) for i, a in enumerate((0.3, 2.9, 4.0))]
    return -log([power / sum(powers) for power in powers][1])


def branches() -> Value:
    graph = Graph()
    x, y = graph.input("x", -1.5), graph.input("점수", 2)
    z = where(x > 0, x, 0.01 * x)
    return maximum(z, y) * z


def fractions() -> Value:
    graph = Graph()
    return (graph.input("x", Fraction(22, 7)) / Fraction(-1, 3)) ** -2 - graph.input(NASTY, Fraction(10**30, 7**20))


def scramble() -> Value:
    rng = random.Random(5)
    graph = Graph()
    values = [graph.input(f"x{i}", rng.random()) for i in range(3)]
    while len(graph.values) < 60:
        values.append(rng.choice((maximum, Value.__mul__, Value.__sub__))(rng.choice(values), rng.choice(values[-8:])))
    return values[-1]


ALL = [shop, korean_shop, square_of_sum, square, neuron, long_neuron, softmax, branches, fractions, scramble]

# -- the table --------------------------------------------------------------------------------------------------------


def cells(graph: Graph) -> dict[str, list[str]]:
    return {line[0]: line[1:] for line in (re.split(r"\s\s+", row.strip()) for row in str(graph).splitlines()[2:])}


def test_the_table_of_the_shop_has_the_published_values_and_gradients() -> None:
    price = shop()
    price.backward()
    assert cells(price.graph) == {
        "apple price": ["input", "100", "2.2"],
        "apples": ["input", "2", "110"],
        "orange price": ["input", "150", "3.3"],
        "oranges": ["input", "3", "165"],
        "tax": ["input", "1.1", "650"],
        "v5": ["apple price * apples", "200", "1.1"],
        "v6": ["orange price * oranges", "450", "1.1"],
        "v7": ["v5 + v6", "650", "1.1"],
        "v8": ["v7 * tax", "715", "1"],
    }


def test_the_gradient_is_blank_before_backward_and_never_0() -> None:
    assert cells(shop().graph)["tax"] == ["input", "1.1"]


def test_the_gradient_is_blank_for_what_was_recorded_after_the_output() -> None:
    z = square()
    z + 1
    z.backward()
    assert cells(z.graph) == {"x": ["input", "3", "6"], "v1": ["x * x", "9", "1"], "v2": ["v1 + 1", "10"]}


def test_fractions_stand_in_the_table_as_they_are() -> None:
    x = Graph().input("x", Fraction(1, 3))
    (x * x).backward()
    assert cells(x.graph) == {"x": ["input", "1/3", "2/3"], "v1": ["x * x", "1/9", "1"]}


def test_the_table_has_one_line_per_node_whatever_the_names_hold() -> None:
    graph = Graph()
    (graph.input(NASTY, 1) + graph.input("", 2)).backward()
    lines = str(graph).splitlines()
    assert len(lines) == 2 + 3
    assert NASTY_SHOWN in lines[2]
    assert lines[3].startswith("''")
    assert all(line.isprintable() for line in lines)


def test_a_condition_is_true_or_false_in_the_table() -> None:
    x = Graph().input("x", 4.5)
    where(x > 5, x, 0)
    assert cells(x.graph) == {
        "x": ["input", "4.5"],
        "v1": ["x > 5", "False"],
        "v2": ["where(v1, x, 0)", "0"],
    }


def test_operations_are_written_as_in_python_with_parentheses_where_a_constant_needs_them() -> None:
    x = Graph().input("x", 4)
    written = {
        2 - x: "2 - x",
        x / Fraction(1, 3): "x / (1/3)",
        x**-1: "x ** (-1)",
        2**x: "2 ** x",
        -x: "-x",
        abs(x): "abs(x)",
        maximum(x, -1): "maximum(x, -1)",
        x >= 3: "x >= 3",
        where(x > 1, x, 0): "where(v9, x, 0)",
    }
    table = cells(x.graph)
    assert [table[value.label][0] for value in written] == list(written.values())


def test_an_operation_without_a_symbol_is_written_by_its_class() -> None:
    from layerkit.graph.value import record

    class Twice(Node):
        def compute(self, x: float) -> float:
            return 2 * x

        def gradient(self, dout: float, out: float, x: float) -> float:
            return 2 * dout

    z = record(Twice(), Graph().input("x", 3))
    z.backward()
    assert cells(z.graph)["v1"] == ["Twice(x)", "6", "1"]
    assert "Twice" in texts(z)


@pytest.mark.parametrize(
    ("number", "short", "long"),
    [
        (1 / 3, "0.333333", "0.333333333"),
        (715.0000000000001, "715", "715"),
        (-1e-300, "-1e-300", "-1e-300"),
        (float("nan"), "nan", "nan"),
        (True, "True", "True"),
        (123456789, "123456789", "123456789"),
        (12345678901234567890, "≈1.23457e+19", "12345678901234567890"),
        (-(10**400), "≈-1e+400", "≈-1e+400"),
        (Fraction(1, 10**400), "≈1e-400", "≈1e-400"),
        (Fraction(22, 7), "22/7", "22/7"),
        (Fraction(10**12 + 1, 3), "≈3.33333e+11", "1000000000001/3"),
    ],
)
def test_numbers_are_short_and_say_where_a_whole_number_or_a_fraction_was_rounded(
    number: object, short: str, long: str
) -> None:
    assert (number_text(number, 6), number_text(number)) == (short, long)


def test_what_cannot_be_printed_is_shown_as_its_escape() -> None:
    assert visible(NASTY) == NASTY_SHOWN
    assert visible("가중치 1") == "가중치 1"


# -- gradients on edges -----------------------------------------------------------------------------------------------


def test_each_edge_carries_its_own_part_of_a_gradient() -> None:
    z = square()
    z.backward()
    assert edge_gradients(z.graph) == {(1, 0): 3, (1, 1): 3}


@pytest.mark.parametrize("make", ALL)
def test_the_parts_of_a_gradient_on_the_edges_sum_to_the_gradient(make: object) -> None:
    output = make()
    output.backward()
    sums: dict[int, object] = {}
    for (index, place), part in edge_gradients(output.graph).items():
        operand = output.graph.values[index].operands[place]
        if isinstance(operand, Value):
            sums[operand.index] = sums.get(operand.index, 0) + part
    for index, total in sums.items():
        assert total == pytest.approx(output.graph.values[index].grad, rel=1e-12)


def test_no_edge_has_a_gradient_before_backward() -> None:
    assert edge_gradients(shop().graph) == {}


def test_edges_on_which_the_output_does_not_depend_carry_0_even_where_their_slope_is_infinite() -> None:
    graph = Graph()
    x = graph.input("x", 0)
    sqrt(x)
    (x * 2).backward()
    assert edge_gradients(graph)[1, 0] == 0
    assert "← 0" in graph.to_svg()


def test_drawing_the_graph_of_a_gradient_records_nothing_in_the_graph_below_it() -> None:
    below = Graph()
    graph = Graph()
    x = graph.input("x", below.input("x", 2))
    (x**3 * exp(x)).backward()
    nodes = len(below.values)
    drawn = str(graph), graph.to_dot(), graph.to_svg()
    assert len(below.values) == nodes
    assert all("12" in text or "8" in text for text in drawn)  # 2³ = 8 and 3·2² = 12
    assert drawn == (str(graph), graph.to_dot(), graph.to_svg())


# -- DOT --------------------------------------------------------------------------------------------------------------


def test_dot_has_an_ellipse_per_input_a_box_per_operation_and_values_with_gradients_on_the_edges() -> None:
    z = square_of_sum()
    z.backward()
    assert z.graph.to_dot() == (
        "digraph graph_of_values {\n"
        "  rankdir=LR;\n"
        '  n0 [shape=ellipse, label="x"];\n'
        '  n1 [shape=ellipse, label="y"];\n'
        '  n2 [shape=box, label="+"];\n'
        '  n0 -> n2 [label="3\\n← 14"];\n'
        '  n1 -> n2 [label="4\\n← 14"];\n'
        '  n3 [shape=box, label="** 2"];\n'
        '  n2 -> n3 [label="7\\n← 14"];\n'
        '  out3 [shape=plaintext, label="v3"];\n'
        '  n3 -> out3 [label="49\\n← 1"];\n'
        "}\n"
    )


def test_dot_shows_no_gradient_before_backward() -> None:
    assert "←" not in shop().graph.to_dot()


def test_dot_escapes_names() -> None:
    graph = Graph()
    graph.input('a"]; b [x="\\', 1)
    assert r'label="a\"]; b [x=\"\\"]' in graph.to_dot()


@pytest.mark.parametrize("make", ALL)
def test_graphviz_reads_the_dot_and_shows_the_names_as_they_are(make: object) -> None:
    if not shutil.which("dot"):
        pytest.skip("needs Graphviz: apt-get install graphviz")
    graph = make().graph
    graph.input(NASTY, 1)
    graph.input("&lt;\\N\\l", 1)
    done = subprocess.run(["dot", "-Tsvg"], input=graph.to_dot().encode(), capture_output=True, check=True)
    assert done.stderr == b""
    drawn = [
        text.text.replace("\xa0", " ") for text in ET.fromstring(done.stdout).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert {visible(value.label) for value in graph.values if value.node is None} <= set(drawn)


# -- SVG: what it says ------------------------------------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"


def texts(value: Value) -> list[str]:
    return [element.text for element in ET.fromstring(value.graph.to_svg()).iter(f"{SVG}text")]


def group(value: Value, name: str) -> list[str]:
    picture = ET.fromstring(value.graph.to_svg())
    return sorted(element.text for element in picture.find(f"{SVG}g[@class='{name}']").iter(f"{SVG}text"))


def test_the_picture_of_the_shop_shows_names_signs_values_and_gradients() -> None:
    price = shop()
    price.backward()
    assert group(price, "nodes") == ["+", "×", "×", "×"]
    assert group(price, "names") == ["apple price", "apples", "orange price", "oranges", "tax", "v8"]
    assert group(price, "values") == sorted(
        ["100", "2", "150", "3", "1.1", "200", "450", "650", "715", "above a line: value"]
    )
    assert group(price, "gradients") == sorted(
        ["← 2.2", "← 110", "← 3.3", "← 165", "← 650", "← 1.1", "← 1.1", "← 1.1", "← 1", "below it: gradient ←"]
    )


def test_before_backward_the_picture_has_no_gradients_and_says_so() -> None:
    assert group(shop(), "gradients") == []
    assert "no gradients yet: backward has not run" in texts(shop())


def test_a_value_used_twice_shows_the_sum_of_its_edges() -> None:
    z = square()
    z.backward()
    assert group(z, "gradients") == ["below it: gradient ←", "sum ← 6", "← 1", "← 3", "← 3"]


def test_constants_stand_at_their_node_and_a_neuron_halfway_has_the_gradients_worked_out_by_hand() -> None:
    out = neuron()  # net 0: out = ½, slope ¼
    out.backward()
    assert group(out, "nodes") == ["+", "+", "/", "exp", "×", "−"]
    assert group(out, "names") == ["1", "1", "b", "v8", "w", "x"]
    assert {"← 0.5", "← 0.25", "← -0.25"} <= set(group(out, "gradients"))  # dx = ¼·2, dw = db = ¼
    assert "0.5" in group(out, "values")


def test_the_branch_not_taken_gets_no_gradient() -> None:
    out = branches()  # z = -0.015, max = 2: dz = 2, d점수 = z, dx = 2 · 0.01
    out.backward()
    assert {"sum ← 0.02", "sum ← 2", "← -0.015"} <= set(group(out, "gradients"))
    assert {"False", "-0.03", "-1.5"} <= set(group(out, "values"))
    assert group(out, "nodes") == [">", "max", "where", "×", "×"]


def test_a_name_given_to_an_operation_is_shown() -> None:
    z = square()
    z.backward()
    z.name = "넓이 <m²>"
    assert group(z, "names") == ["x", "넓이 <m²>"]  # at the open end of the output
    z + 1
    assert group(z, "names") == ["1", "v2", "x", "넓이 <m²>"]  # now below its node


def test_the_picture_has_a_title_and_tells_each_node_in_words() -> None:
    z = square()
    z.backward()
    picture = ET.fromstring(z.graph.to_svg())
    assert picture.find(f"{SVG}title").text == "Computational graph, 2 nodes"
    assert picture.find(f"{SVG}desc").text == "x = 3, gradient 6; v1 = x * x = 9, gradient 1"
    assert picture.get("role") == "img"


def test_names_in_the_picture_are_text_and_nothing_else() -> None:
    graph = Graph()
    plain = {element.tag for element in ET.fromstring(shop().graph.to_svg()).iter()}
    x, y = graph.input(SHORT_NASTY, 1), graph.input(NASTY, 2)
    (x + y).backward()
    svg = graph.to_svg()
    assert {element.tag for element in ET.fromstring(svg).iter()} == plain
    assert '<a b="&lt;">\\n\\u2028' in texts(x)
    assert "<script" not in svg
    assert all(line.isprintable() for line in svg.split("\n"))
    svg.encode("utf-8")


def test_a_long_name_is_cut_and_stays_whole_in_its_tip() -> None:
    graph = Graph()
    graph.input("이름" * 200, 1)
    shown = texts(graph.values[0])[0]
    assert shown.endswith("…")
    assert len(shown) < 20
    assert "이름" * 200 in graph.to_svg()


def test_the_picture_asks_nothing_of_the_network_and_is_the_same_each_time() -> None:
    price = shop()
    svg = price.graph.to_svg()
    assert svg == price.graph.to_svg() == shop().graph.to_svg()
    assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]
    assert "prefers-color-scheme: dark" in svg
    assert not re.search(r"url\(|@import|href|<script", svg)


def test_a_picture_of_more_than_100_nodes_is_refused_in_one_line() -> None:
    graph = Graph()
    x = graph.input("x", 1)
    for _ in range(99):
        x = x + 1
    graph.to_svg()
    x + 1
    with pytest.raises(ArgumentError) as caught:
        graph.to_svg()
    assert str(caught.value) == (
        "Graph.to_svg: a picture holds at most 100 nodes, this graph has 101. "
        "Fix: record a smaller graph, or use print(graph) or to_dot()."
    )


def test_an_empty_graph_and_a_lone_input_are_drawn_too() -> None:
    assert ET.fromstring(Graph().to_svg()).find(f"{SVG}title").text == "Computational graph, 0 nodes"
    assert {"x", "1"} <= set(texts(Graph().input("x", 1)))
    assert Graph().to_dot() == "digraph graph_of_values {\n  rankdir=LR;\n}\n"
    assert len(str(Graph()).splitlines()) == 2


# -- SVG: where things are --------------------------------------------------------------------------------------------

Box = tuple  # left, top, right, bottom


def width(text: str, size: float) -> float:
    """A little more than sans-serif fonts need: no digit is wider than 0.6 em, no Korean letter than 1 em."""
    return size * sum(1.0 if unicodedata.east_asian_width(c) in "WFA" or c in "mwMW" else 0.6 for c in text)


def box_of_text(element: ET.Element) -> Box:
    x, y, size = (float(element.get(key)) for key in ("x", "y", "font-size"))
    long = width(element.text, size)
    left = {"start": x, "middle": x - long / 2, "end": x - long}[element.get("text-anchor")]
    return left, y - 0.8 * size, left + long, y + 0.2 * size


def box_of_shape(element: ET.Element) -> Box:
    x, y, w, h = (float(element.get(key)) for key in ("x", "y", "width", "height"))
    return x, y, x + w, y + h


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def segments(path: str) -> list[Box]:
    """The straight pieces (from x and y, to x and y) of a path of the absolute commands M, L, H and C."""
    found: list[Box] = []
    here = (0.0, 0.0)
    for command, text in re.findall(r"([MLHC])([^MLHC]*)", path):
        numbers = [float(number) for number in text.split()]
        corners = [here, *zip(numbers[::2], numbers[1::2] if command != "H" else [here[1]])]
        here = corners[-1]
        if command != "M":
            line = [bezier(corners, step / 24) for step in range(25)] if command == "C" else corners
            found += [(*a, *b) for a, b in zip(line, line[1:])]
    return found


def bezier(corners: list[tuple[float, ...]], t: float) -> tuple[float, ...]:
    while len(corners) > 1:  # de Casteljau
        corners = [tuple(p + (q - p) * t for p, q in zip(a, b)) for a, b in zip(corners, corners[1:])]
    return corners[0]


def enters(segment: Box, shape: Box) -> bool:
    """Whether a point of the segment lies inside the round shape (a circle, or a box with round ends)."""
    x0, y0, x1, y1 = segment
    radius, middle = (shape[3] - shape[1]) / 2, (shape[1] + shape[3]) / 2
    steps = int(abs(x1 - x0) + abs(y1 - y0)) + 1
    for step in range(steps + 1):
        x, y = x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps
        nearest = min(max(x, shape[0] + radius), shape[2] - radius)
        if (x - nearest) ** 2 + (y - middle) ** 2 < (radius - 0.2) ** 2:
            return True
    return False


@pytest.mark.parametrize("with_gradients", [False, True])
@pytest.mark.parametrize("make", ALL)
def test_nothing_in_a_picture_covers_anything_else(make: object, with_gradients: bool) -> None:
    output = make()
    if with_gradients:
        output.backward()
    picture = ET.fromstring(output.graph.to_svg())
    parts = {part.get("class"): part for part in picture.findall(f"{SVG}g")}
    inside = {
        sign: box_of_shape(node.find(f"{SVG}rect")) for node in parts["nodes"] for sign in node.iter(f"{SVG}text")
    }
    labels = {text: box_of_text(text) for name in parts if name != "nodes" for text in parts[name].iter(f"{SVG}text")}
    everything = [*labels.values(), *inside.values()]
    for a, b in combinations(everything, 2):
        assert not overlap(a, b), (a, b)
    for sign, shape in inside.items():
        left, top, right, bottom = box_of_text(sign)
        assert shape[0] <= left <= right <= shape[2]
        assert shape[1] <= top <= bottom <= shape[3]
    whole = (0.0, 0.0, float(picture.get("width")), float(picture.get("height")))
    for left, top, right, bottom in everything:
        assert whole[0] <= left <= right <= whole[2]
        assert whole[1] <= top <= bottom <= whole[3]
    for path in parts["edges"]:
        for segment in segments(path.get("d")):
            x0, y0, x1, y1 = segment
            box = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
            assert whole[0] <= box[0] <= box[2] <= whole[2]
            assert whole[1] <= box[1] <= box[3] <= whole[3]
            assert not [label for label in labels.values() if overlap(box, label)]
            assert not [shape for shape in inside.values() if overlap(box, shape) and enters(segment, shape)]


@pytest.mark.parametrize("make", [shop, square_of_sum, neuron])
def test_the_value_stands_above_its_line_and_the_gradient_below_it(make: object) -> None:
    output = make()
    output.backward()
    picture = ET.fromstring(output.graph.to_svg())
    values, gradients = (picture.find(f"{SVG}g[@class='{name}']") for name in ("values", "gradients"))
    levels = {y for path in picture.find(f"{SVG}g[@class='edges']") for _, y, *_ in segments(path.get("d"))}
    for above, below in list(zip(values, gradients))[:-1]:  # the last pair is the legend
        assert above.get("x") == below.get("x")
        assert any(box_of_text(above)[3] < y < box_of_text(below)[1] for y in levels)


def test_inputs_stand_at_the_left_in_the_order_in_which_they_were_made() -> None:
    picture = ET.fromstring(shop().graph.to_svg())
    names = [text for text in picture.find(f"{SVG}g[@class='names']").iter(f"{SVG}text") if text.text != "v8"]
    heights = {text.text: float(text.get("y")) for text in names[:5]}
    assert sorted(heights, key=heights.__getitem__) == ["apple price", "apples", "orange price", "oranges", "tax"]
    assert len({text.get("x") for text in names[:5]}) == 1


def test_columns_are_ordered_so_that_edges_do_not_cross_and_formulas_keep_their_order() -> None:
    graph = Graph()
    a, b, c, d = (graph.input(name, 1.5) for name in "abcd")
    (a - c) * (d / b)
    picture = ET.fromstring(graph.to_svg())
    names = [text for text in picture.find(f"{SVG}g[@class='names']").iter(f"{SVG}text") if text.text in "abcd"]
    heights = {text.text: float(text.get("y")) for text in names}
    assert sorted(heights, key=heights.__getitem__) in (["a", "c", "d", "b"], ["d", "b", "a", "c"])


def test_spots_settle_where_the_sum_of_squares_is_least() -> None:
    """y² + 3 (y + 28)² is least at y = -21: two spots of height 20, 8 apart, would both be at 0."""
    spots = [Spot("input", index, "", 0.0, 10.0) for index in range(3)]
    settle(spots, [0.0, 0.0, 100.0], [1.0, 3.0, 1.0])
    assert [spot.y for spot in spots] == pytest.approx([-21, 7, 100])


def test_a_line_that_passes_several_columns_is_level() -> None:
    """The tax meets its node two columns on: its line leaves level, and bends only in the last strip."""
    picture = ET.fromstring(shop().graph.to_svg())
    edges = [segments(path.get("d")) for path in picture.find(f"{SVG}g[@class='edges']")]
    lowest = max(piece[3] for edge in edges for piece in edge)
    assert sum(all(piece[1] == piece[3] == lowest for piece in edge) for edge in edges) == 2


# -- the example ------------------------------------------------------------------------------------------------------


def test_the_example_prints_both_tables_and_writes_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "가게.svg"
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), str(target)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    printed = capsys.readouterr().out
    assert "v7 * tax" in printed
    assert "v2 ** 2" in printed
    assert ET.parse(target).getroot().tag == f"{SVG}svg"
