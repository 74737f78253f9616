"""The computational graph: record arithmetic, look at it, and find gradients from the record."""

from layerkit.graph.graph import Graph
from layerkit.graph.value import Value

__all__ = ["Graph", "Value"]
