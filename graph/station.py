"""Nodes of a run: what has reached them, which items they are at, what they have produced.

The unit of running is (node, item). Item i takes item min(i, length − 1) of each list that feeds the node, and
can run as soon as those are there, even while a list is still growing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from graph.check import Bound
from graph.spec import Input
from graph.store import Recipe, Stored, Witness
from graph.values import Artifact, Blocked
from graph.workflow import NodeId

Path = tuple[int, ...]
"""Which item of which list a value stems from. Smaller paths run first, so that item 0 is done before item 1."""

Place = tuple[int, ...]
"""Where a node stands in the order of the plan."""

GONE: Any = Blocked("it was dropped")
"""Stands in a stream for a value that nobody needed any more."""


class Failure(Blocked):
    """Stands for the outputs of a unit that raised."""

    __slots__ = ()


class Stream:
    """What one output of a node has produced so far, one entry per item."""

    __slots__ = ("digests", "paths", "values")

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.digests: list[str] = []
        self.paths: list[Path] = []


class Feed:
    """One link of a run: an input of ``reader`` that ``source`` fills. Without a stream it only waits for the end."""

    __slots__ = ("declared", "is_listed", "is_open", "many", "name", "reader", "ready", "source", "stream", "widen")

    def __init__(self, reader: Station, name: str, source: Station, output: int | None, declared: Input | None):
        self.reader, self.name, self.source, self.declared = reader, name, source, declared
        self.stream = None if output is None else source.streams[output]
        self.is_listed = output is not None and source.bound.type.spec.outputs[output].many
        self.many = declared is None or declared.many
        self.widen = declared is not None and declared.socket == "FLOAT"
        self.is_open = self.ready = False

    def is_ready(self) -> bool:
        """Whether there is something to read: a first item, or the whole list where it is gathered."""
        return self.source.closed or not (self.many or self.stream is None or not self.stream.values)

    def read(self, item: int, values: dict[str, Any], digests: dict[str, str]) -> Blocked | None:
        """Read what an item takes into ``values`` and ``digests``; what blocks it, if anything does."""
        stream = self.stream
        assert stream is not None
        if not stream.values:
            return Blocked(f"the list from node {self.source.id!r} is empty")
        if self.many:
            for value in stream.values:
                if isinstance(value, Blocked):
                    return value
            values[self.name] = stream.values.copy()
            digests[self.name] = f"[{','.join(stream.digests)}]"
            return None
        place = item if item < len(stream.values) else -1
        value = stream.values[place]
        if isinstance(value, Blocked):
            return value
        if self.widen and type(value) is int:
            value = float(value)
            digests[self.name] = repr(value)
        else:
            digests[self.name] = stream.digests[place]
        values[self.name] = value
        return None


class Result(NamedTuple):
    """What one unit came to. ``key`` is None where nothing was stored."""

    outputs: tuple[Any, ...]
    digests: tuple[Any, ...]
    key: str | None


class Unit:
    """One node on one item."""

    __slots__ = ("generation", "item", "key", "path", "seconds", "started", "station")

    def __init__(self, station: Station, item: int, path: Path):
        self.station, self.item, self.path = station, item, path
        self.generation = station.generation
        self.key = ""
        self.started = self.seconds = 0.0

    @property
    def is_stale(self) -> bool:
        """Whether the station was reset since."""
        return self.generation != self.station.generation


class Station:
    """One node of a run, and how far it is: wanted, waiting for feeds, making units, closed, perhaps dropped."""

    def __init__(
        self,
        node_id: NodeId,
        bound: Bound,
        place: Place,
        head: Sequence[str],
        recipe: str | None,
        own: frozenset[Witness] | None = frozenset(),
    ):
        self.id = self.root = node_id
        self.bound, self.place, self.head, self.recipe, self._own = bound, place, head, recipe, own
        self.base: Path = ()
        self.feeds: list[Feed] | None = None
        self.readers: dict[Feed, None] = {}
        self.streams = [Stream() for _ in bound.type.spec.outputs]
        self.seconds = 0.0
        self.registered = 0
        """Feeds that have begun to read, ever."""
        self.generation = 0
        self.reset()

    def reset(self) -> None:
        """Forget what was produced, so that it can be produced or fetched again."""
        self.generation += 1
        self.wanted = self.closed = self.dropped = False
        self.clean = True
        """Whether every unit's outputs are stored."""
        self.open: list[Feed] = []
        """Feeds that are read: all but the lazy ones that nobody asked for."""
        self.waiting = 0
        """Open feeds that are not ready."""
        self.made = self.flushed = 0
        self.witnesses = self._own
        """What its outputs depend on and its recipe key does not say; None where that cannot be written down."""
        self.count: int | None = None
        self.items: int | None = None
        """How many units there will be, as far as one can tell: ``count``, and before that an estimate."""
        self.record: Recipe | None = None
        self.stored: list[Stored] | None = None
        """What an earlier run left for it, as the record says; not yet in the streams."""
        self.suspended: list[Unit] = []
        self.done: dict[int, tuple[Unit, Result]] = {}
        self.keys: list[str | None] = []
        self.paths: list[Path] = []
        self.held: dict[int, str] = {}
        """Keys that the store keeps for this station, by item."""
        self.artifacts: dict[int, tuple[Artifact, ...]] = {}
        self.spent: dict[int, int] = {}
        """How many feeds are done with an item."""
        for stream in self.streams:
            stream.values, stream.digests, stream.paths = [], [], []

    def next_unit(self) -> Unit | None:
        """The next unit that can run, if there is one by now. Settles ``count`` once there will be no more."""
        item = self.made
        path = self.base
        exists = item == 0
        for feed in self.open:
            stream = feed.stream
            assert stream is not None
            length = len(stream.values)
            if feed.many:
                if length:
                    continue
            elif length > item:
                exists = True
                if stream.paths[item] > path:
                    path = stream.paths[item]
                continue
            elif not feed.source.closed:
                return None
            elif length:
                if stream.paths[-1] > path:
                    path = stream.paths[-1]
                continue
            assert feed.declared is not None
            if not feed.declared.lazy:  # an empty list: there is nothing to run on
                self.count = self.items = 0
                return None
        if not exists:
            self.count = self.items = item
            return None
        self.made += 1
        return Unit(self, item, path)

    def estimate(self) -> None:
        """Say how many units there will be, where the sources know how many items they will have."""
        lengths = []
        for feed in self.open:
            source, stream = feed.source, feed.stream
            assert stream is not None
            if feed.many:
                continue
            if source.closed:
                lengths.append(len(stream.values))
            elif feed.is_listed or source.items is None:
                return
            else:
                lengths.append(source.items)
        self.items = max(lengths, default=1)

    def depend_on(self, witnesses: frozenset[Witness] | None) -> None:
        """Take over what something that it is made from depends on."""
        if witnesses is None or self.witnesses is None:
            self.witnesses = None
        elif witnesses:
            self.witnesses |= witnesses

    def can_read(self, unit: Unit) -> bool:
        """Whether everything that a suspended unit asked for has come."""
        return all(
            feed.source.closed or (not feed.many and feed.stream is not None and len(feed.stream.values) > unit.item)
            for feed in self.open
        )

    def accept(self, unit: Unit, result: Result) -> bool:
        """Take a unit's outputs, in the order of items. True when the streams grew."""
        if unit.item != self.flushed:
            self.done[unit.item] = unit, result
            return False
        self._append(unit.path, result)
        while self.done and (entry := self.done.pop(self.flushed, None)) is not None:
            self._append(entry[0].path, entry[1])
        return True

    def restore(self, stored: list[Stored]) -> None:
        """Fill the streams from the record of an earlier run, and close."""
        assert self.record is not None
        for key, path, entry in zip(self.record.keys, self.record.paths, stored, strict=True):
            self._append(path, Result(entry.outputs, entry.digests, key))
        self.count = self.items = self.made = self.flushed
        self.depend_on(self.record.witnesses)
        self.closed = True
        self.stored = None

    def _append(self, path: Path, result: Result) -> None:
        self.flushed += 1
        self.clean = self.clean and result.key is not None
        self.keys.append(result.key)
        self.paths.append(path)
        for stream, value, digest in zip(self.streams, result.outputs, result.digests, strict=True):
            if isinstance(digest, tuple):
                stream.values += value
                stream.digests += digest
                stream.paths += [(*path, place) for place in range(len(value))]
            else:
                stream.values.append(value)
                stream.digests.append(digest)
                stream.paths.append(path)

    def shown(self) -> tuple[Artifact, ...]:
        """What it made for the user to see, in the order of items."""
        return tuple(artifact for item in sorted(self.artifacts) for artifact in self.artifacts[item])

    @property
    def is_listed(self) -> bool:
        """Whether each item is one unit's, so that items can be dropped one by one."""
        return self.count != 1 and not any(output.many for output in self.bound.type.spec.outputs)

    def drop_item(self, item: int) -> str | None:
        """Forget one item's values. Returns the key that was held for it."""
        key = self.held.pop(item, None)
        if key is not None:
            self.dropped = True
            for stream in self.streams:
                stream.values[item] = GONE
        return key

    def drop(self) -> list[str]:
        """Forget all values; keys and digests stay. Returns the keys that were held."""
        self.dropped = True
        for stream in self.streams:
            stream.values = []
        held = list(self.held.values())
        self.held.clear()
        return held

    def release(self) -> None:
        """Forget everything, neighbours too."""
        self.reset()
        self.feeds = None
        self.readers.clear()


class Exit(Station):
    """Where the outputs of a fragment leave it: it completes the unit that returned the expansion."""

    def __init__(self, unit: Unit, fragment: list[Station], pure: bool, own: tuple[Artifact, ...] = ()):
        super().__init__(unit.station.id, unit.station.bound, unit.station.place, (), None)
        self.unit, self.fragment, self.pure, self.own = unit, fragment, pure, own
        self.outputs: list[Feed | tuple[Any, str]] = []
