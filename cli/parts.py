"""The parts that the verbs put together: node types, and what their choices offer here."""

from collections.abc import Mapping

from cli.places import Places
from graph.choices import Choices
from graph.registry import Registry
from nodes import builtin
from nodes.choices import choices


def build_registry() -> Registry:
    """All node types of this program. Imports no torch."""
    return Registry(*builtin())


def build_choices(places: Places) -> Mapping[str, Choices]:
    """What the drop-downs of the nodes list on this machine."""
    return choices(places.folders, places.input)
