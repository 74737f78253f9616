"""Two computational graphs, with every value and gradient: a shop's bill, and (x + y)².

    python examples/graph.py [PICTURE.svg]

The shop sells 2 apples at 100 and 3 oranges at 150, with a tax of 10 %. Each gradient says how much the price to pay
would change if that number grew by 1: one more apple would cost 110. Given a path, the shop's graph is drawn there.
"""

import sys

from layerkit import Graph


def shop() -> Graph:
    """(2 apples · 100 + 3 oranges · 150) · tax."""
    graph = Graph()
    apple_price = graph.input("apple price", 100)
    apples = graph.input("apples", 2)
    orange_price = graph.input("orange price", 150)
    oranges = graph.input("oranges", 3)
    tax = graph.input("tax", 1.1)
    price = (apple_price * apples + orange_price * oranges) * tax
    price.backward()
    return graph


def square_of_sum() -> Graph:
    """(x + y)²: both gradients are 2 (x + y)."""
    graph = Graph()
    x = graph.input("x", 3)
    y = graph.input("y", 4)
    z = (x + y) ** 2
    z.backward()
    return graph


if __name__ == "__main__":
    for title, graph in (("The shop", shop()), ("(x + y) ** 2", square_of_sum())):
        print(title, graph, sep="\n\n", end="\n\n")
    if len(sys.argv) > 1:
        with open(sys.argv[1], "w", encoding="utf-8") as file:
            file.write(shop().to_svg())
        print(f"The shop's graph is drawn in {sys.argv[1]}.")
