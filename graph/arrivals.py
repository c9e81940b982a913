"""Values that come through links, held against what their input declares, just before its node runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graph.check import Bound
from graph.choices import Lookup
from graph.literals import settle
from graph.spec import ANY, PLAIN, Choice, Input, kinds_of


def settle_arrivals(bound: Bound, values: dict[str, Any], arrived: Iterable[str], lookup: Lookup) -> list[str]:
    """Bring what ``arrived`` through links into the form that a node gets; sentences about what was taken otherwise.

    Raises ValueError for what is out of bounds, not among the options, or of another type than the input takes, unless
    the input is not held to that: then it comes in as it is.
    """
    remarks = []
    for name in arrived:
        declared, source = bound.declared(name), bound.links[name].node
        if declared.free:
            continue
        if declared.unheld:
            remarks += _beside(values[name], declared, name, source, lookup)
        elif declared.plain is None:
            _refuse_other_kinds(values[name], declared, name, source)
        elif not isinstance(declared.widget, Choice):  # what a choice stands for is looked up with the node's key
            values[name], remark = settle(values[name], declared, name, lookup)
            if remark is not None and remark.severity == "error":
                raise ValueError(f"{remark.message}; it comes from node {source!r}")
            if remark is not None:
                remarks.append(remark.message)
    return remarks


def _beside(value: Any, declared: Input, name: str, source: str, lookup: Lookup) -> list[str]:
    """What is odd about a value that its node takes as it is."""
    if declared.plain is None or declared.many or isinstance(declared.widget, Choice):
        return []
    _, remark = settle(value, declared, name, lookup)
    return [] if remark is None else [f"{remark.message}; it comes from node {source!r} and was passed on as it is"]


def _refuse_other_kinds(value: Any, declared: Input, name: str, source: str) -> None:
    """Outputs that pass anything on hide from the check what they pass on."""
    if declared.socket == ANY:
        return
    for item in value if declared.many else (value,):
        kinds = _known_kinds(type(item))
        if kinds and declared.sockets.isdisjoint(kinds):
            raise ValueError(f"{name!r} takes {declared.socket}, not the {kinds[0]} that comes from node {source!r}")


def _known_kinds(kind: type) -> tuple[str, ...]:
    """The sockets that values of a class fit; none where only its makers know."""
    return kinds_of(kind) if kind in PLAIN.values() or hasattr(kind, "socket") else ()
