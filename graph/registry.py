"""The node types that a process knows, by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Any

from graph.declare import NodeType
from graph.errors import DeclarationError


class Registry:
    """Node types by name and alias. Iterating gives each type once."""

    def __init__(self, *functions: Callable[..., Any]):
        self._types: dict[str, NodeType] = {}
        for function in functions:
            self.add(function.node_type)  # type: ignore[attr-defined]

    def add(self, node_type: NodeType) -> None:
        """Make a type known. Raises DeclarationError when one of its names is taken."""
        for name in (node_type.spec.name, *node_type.spec.aliases):
            if name in self._types:
                raise DeclarationError(f"two nodes are called {name!r}")
            self._types[name] = node_type

    def get(self, name: str) -> NodeType | None:
        return self._types.get(name)

    def __getitem__(self, name: str) -> NodeType:
        return self._types[name]

    def __contains__(self, name: str) -> bool:
        return name in self._types

    def __iter__(self) -> Iterator[NodeType]:
        return (node_type for name, node_type in self._types.items() if name == node_type.spec.name)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def nearest(self, name: str) -> str | None:
        """The known name that looks most like this one, upper and lower case aside."""
        folded = {known.casefold(): known for known in self._types}
        found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
        return folded[found[0]] if found else None
