"""What a node's function is called with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from graph.check import Bound
from graph.events import Event
from graph.reporting import Here, Note, Placed, Progress, Surroundings, Warn
from graph.station import Unit
from graph.workflow import NodeId


def take_arguments(
    unit: Unit,
    values: dict[str, Any],
    resources: Mapping[type, Any],
    emit: Callable[[Event], None],
    cancel: threading.Event,
    find: Callable[[NodeId], Bound | None],
) -> dict[str, Any]:
    """The inputs, numbered ones as one list, and the resources. Raises LookupError for one that nobody supplies."""
    station = unit.station
    kind = station.bound.type
    for grown in kind.growing:
        values[grown.name] = [values.pop(name) for name in station.bound.names(grown)]
    for name, wanted in kind.resources:
        if wanted is Progress:
            values[name] = Progress(station.id, emit, cancel, unit.item, station.items)
        elif wanted is Warn:
            values[name] = Warn(station.id, emit, unit.item, station.items)
        elif wanted is Note:
            values[name] = Note(station.id, emit, unit.item, station.items)
        elif wanted is Here:
            values[name] = Here(station.id)
        elif wanted is Surroundings:
            values[name] = Surroundings(station.id, find)
        elif wanted in resources:
            found = resources[wanted]
            values[name] = found.at(station.id, unit.item) if isinstance(found, Placed) else found
        else:
            raise LookupError(f"it needs {wanted.__name__}, which this program does not supply")
    return values
