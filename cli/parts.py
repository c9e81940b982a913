"""The parts that the verbs put together: node types, and what their choices offer here."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Container, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from graph.registry import Registry
from nodes import builtin
from nodes.choices import choices

if TYPE_CHECKING:
    from cli.places import Places
    from graph.choices import Choices
    from graph.declare import NodeType


class Pack(Protocol):
    """What came of loading one pack of foreign node classes; ``reasons`` say what of it cannot be used, and why."""

    @property
    def name(self) -> str: ...
    @property
    def types(self) -> Sequence[NodeType]: ...
    @property
    def reasons(self) -> Sequence[str]: ...


PackLoader = Callable[["Places", Container[str]], Sequence[Pack]]
"""Loads the packs of a place beside nodes whose names are taken."""


def build_registry(packs: Sequence[Pack] = ()) -> Registry:
    """All node types of this program, and those of packs. Imports no torch."""
    registry = Registry(*builtin())
    for pack in packs:
        for node_type in pack.types:
            registry.add(node_type)
    return registry


def running_registry(where: Places, arguments: argparse.Namespace) -> Registry:
    """The same with packs loaded to be run. Runs their code."""
    if where.packs is None:
        return build_registry()
    return build_registry(arguments.load_packs(where, build_registry()))


def checking_registry(where: Places) -> Registry:
    """The same with packs described: workflows can be checked against them, not run."""
    return build_registry(described_packs(where))


def described_packs(where: Places) -> Sequence[Pack]:
    """The packs of a place, without running their code in this process."""
    if where.packs is None:
        return ()
    from cli.packs import describe  # and what it takes to ask another process

    return describe(where)


def build_choices(places: Places) -> Mapping[str, Choices]:
    """What the drop-downs of the nodes list on this machine."""
    return choices(places.folders, places.input)
