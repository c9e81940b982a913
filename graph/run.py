"""One run of a graph: an explicit worklist of units, and no recursion anywhere.

Stations that moved are advanced; ready units are stepped in the order (item path, place in the plan); coroutines
land as they end. What a unit consumes is known when it steps, and only then its content key is taken.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from graph.arguments import take_arguments
from graph.arrivals import settle_arrivals
from graph.cache import Cache
from graph.check import Bound, Checker
from graph.codec import Codecs
from graph.coroutines import Flights
from graph.declare import NodeType
from graph.errors import Cancelled, NodeFailed, clear_frames
from graph.events import (
    Event,
    NodeBlocked,
    NodeErrored,
    NodeExpanded,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    NodeWarned,
    Planned,
)
from graph.expansion import Fragment, dependencies, has_failed, leave, read_fragment
from graph.graph import Graph
from graph.plan import Keys, Plan, make_plan
from graph.station import Exit, Failure, Feed, Result, Station, Unit
from graph.stations import Stations
from graph.store import Recipe, Stored
from graph.values import Artifact, Blocked, Expansion
from graph.weight import weigh
from graph.workflow import Link, NodeId

UNCHANGED = "what it consumes is what it was before"
MOST_FLIGHTS = 64  # coroutine nodes at once: each may hold a connection, a picture, a process


class Run:
    """The state of one run. `execute` does it; what came of it is left in the public attributes."""

    def __init__(
        self,
        graph: Graph,
        cache: Cache,
        keys: Keys,
        codecs: Codecs,
        emit: Callable[[Event], None],
        cancel: threading.Event,
    ):
        self.plan: Plan = make_plan(graph, cache, keys)
        self._speak, self._speaking = emit, threading.Lock()
        self.stations = Stations(graph, self.plan, cache, self._emit)
        self.failures: dict[NodeId, NodeFailed] = {}
        self.blocked: dict[NodeId, str] = {}
        self.ran: dict[NodeId, None] = {}
        self._graph, self._cache, self._keys, self._codecs = graph, cache, keys, codecs
        self._cancel = cancel
        self._checker = Checker(graph.registry, graph.choices)
        self._counters: dict[NodeId, itertools.count[int]] = {}
        self._ready: list[tuple[Any, ...]] = []
        self._boarding: deque[Unit] = deque()
        self._serial = itertools.count()
        self._flights: Flights[Unit] = Flights()

    def execute(self) -> None:
        """Bring every target up to date. Raises Cancelled; what nodes raise is kept, not raised."""
        try:
            self._emit(Planned(self.plan.steps, frozenset(self.plan.cached)))
            for target in self._graph.targets:
                self.stations.demand(self.stations[target])
            self._work()
            for node_id in self.plan.steps:
                if not self.stations[node_id].wanted:
                    self._emit(NodeSkipped(node_id, "nothing asked for it"))
        finally:
            self._flights.close()

    def _emit(self, event: Event) -> None:
        with self._speaking:
            self._speak(event)

    def _work(self) -> None:
        moved, ready, boarding, flights = self.stations.moved, self._ready, self._boarding, self._flights
        while True:
            while moved:
                self._advance(moved.popleft())
            if self._cancel.is_set():
                raise Cancelled
            boards = boarding and len(flights) < MOST_FLIGHTS
            landed = flights.land(0 if ready or boards else 0.05) if flights else None
            if landed is not None:
                self._land(*landed)
            elif boards:  # off it goes; what is synchronous runs meanwhile
                self._step(boarding.popleft())
            elif ready:
                self._step(heapq.heappop(ready)[-1])
            elif not flights:
                return

    # From station to unit

    def _advance(self, station: Station) -> None:
        """Make every unit that can be made by now; wake those that have what they asked for."""
        if station.waiting or station.closed:
            return
        if isinstance(station, Exit):
            self._leave(station)
            return
        for woken in [unit for unit in station.suspended if station.can_read(unit)]:
            station.suspended.remove(woken)
            self._push(woken)
        while (unit := station.next_unit()) is not None:
            self._push(unit)
        if station.count is None:
            station.estimate()
        self._close_if_done(station)
        if station.closed:
            self.stations.notify(station)

    def _push(self, unit: Unit) -> None:
        station = unit.station
        if station.bound.type.is_coroutine:
            self._boarding.append(unit)
        else:
            heapq.heappush(self._ready, (unit.path, station.place, next(self._serial), unit))

    def _close_if_done(self, station: Station) -> None:
        if station.closed or station.count is None or station.flushed < station.count or station.suspended:
            return
        station.closed = True
        if station.count == 0:
            self._emit(NodeSkipped(station.id, "there is nothing to run it on: a list it reads is empty", (), 0, 0))
        for feed in station.open:
            station.depend_on(feed.source.witnesses)
        if station.recipe is not None and station.clean and station.witnesses is not None:
            keys = tuple(key for key in station.keys if key is not None)
            self._cache.remember(station.recipe, Recipe(keys, tuple(station.paths), station.witnesses))
        self.stations.stop_reading(station)
        self.stations.drop_if_unread(station)

    # From unit to outputs

    def _step(self, unit: Unit) -> None:
        """Take what the unit consumes; use what is stored for that, or call the function."""
        if unit.is_stale:
            return
        station = unit.station
        kind = station.bound.type
        values: dict[str, Any] = station.bound.constants.copy()
        digests: dict[str, str] = {}
        for feed in station.open:
            if feed.name not in kind.lazy:
                blocked = feed.read(unit.item, values, digests)
                if blocked is not None:
                    self._block(unit, blocked)
                    return
        try:
            if kind.lazy and not self._ask(unit, values, digests):
                return
            for remark in settle_arrivals(station.bound, values, digests, self._keys.lookup):
                self._emit(NodeWarned(station.id, remark, unit.item, station.items))
            unit.key = self._keys.content_key(station.bound, station.head, values, digests)
        except Exception as error:
            self._fail(unit, error)
            return
        stored = self._cache.take(unit.key)
        if stored is None:
            self._call(unit, values)
            return
        self._emit(NodeSkipped(station.id, UNCHANGED, stored.artifacts, unit.item, station.items))
        station.depend_on(stored.witnesses)
        self._finish(unit, Result(stored.outputs, stored.digests, unit.key), stored.artifacts)

    def _ask(self, unit: Unit, values: dict[str, Any], digests: dict[str, str]) -> bool:
        """Let the node ask for lazy inputs until it is satisfied. False when it was blocked or must wait."""
        station = unit.station
        kind = station.bound.type
        assert kind.needs is not None and station.feeds is not None
        while True:
            wanted = set(kind.needs(dict(values))) - values.keys()
            if not wanted:
                break
            feeds = [feed for feed in station.feeds if feed.name in wanted]
            if len(feeds) < len(wanted):
                unknown = ", ".join(sorted(wanted - {feed.name for feed in feeds}))
                raise LookupError(f"it asks for inputs that it does not have: {unknown}")
            fresh = [feed for feed in feeds if not feed.is_open]
            for feed in fresh:
                self.stations.open(feed)
                self.stations.demand(feed.source)
            if fresh:
                station.count = None
            if station.waiting or not station.can_read(unit):
                station.suspended.append(unit)
                return False
            if fresh:
                self.stations.moved.append(station)  # a list that came in lazily may make more items
            for feed in feeds:
                blocked = feed.read(unit.item, values, digests)
                if blocked is not None:
                    self._block(unit, blocked)
                    return False
        for feed in station.feeds:  # what was not asked for is what it would be without a link
            if feed.name not in values and feed.declared is not None:
                values[feed.name] = feed.declared.default
        return True

    def _call(self, unit: Unit, values: dict[str, Any]) -> None:
        station = unit.station
        kind = station.bound.type
        try:
            arguments = take_arguments(unit, values, self._keys.resources, self._emit, self._cancel, self._bound_of)
            self._emit(NodeStarted(station.id, unit.item, station.items))
            self.ran[station.id] = None
            unit.started = time.perf_counter()
            if kind.is_coroutine:
                self._flights.start(unit, kind.function(**arguments))
                return
            returned = kind.function(**arguments)
        except Exception as error:
            self._fail(unit, error)
            return
        self._complete(unit, returned)

    def _land(self, unit: Unit, future: Any) -> None:
        """Take what a coroutine came to."""
        if future.cancelled():
            self._fail(unit, RuntimeError("it was cancelled from within"))
        elif (error := future.exception()) is not None:
            self._fail(unit, error)
        else:
            self._complete(unit, future.result())

    def _complete(self, unit: Unit, returned: Any) -> None:
        """Store what a function returned, or put an expansion in its place."""
        station = unit.station
        unit.seconds = time.perf_counter() - unit.started
        try:
            if isinstance(returned, Expansion):
                fragment = self._read(station, returned)
            else:
                outputs, artifacts = station.bound.type.split(returned)
                digests = tuple(self._digest(unit, slot, value) for slot, value in enumerate(outputs))
                stored = Stored(outputs, digests, artifacts, unit.seconds, weigh(outputs, self._codecs))
        except Exception as error:  # what it returned does not fit, or cannot be told from other values
            self._fail(unit, error)
            return
        if isinstance(returned, Expansion):
            self._expand(unit, fragment)
            return
        self._keep(unit, stored, artifacts)

    def _digest(self, unit: Unit, slot: int, value: Any) -> Any:
        digest = self._keys.digester.digest
        if isinstance(value, list) and unit.station.bound.type.spec.outputs[slot].many:
            return tuple(digest(item) or f"{unit.key}:{slot}:{place}" for place, item in enumerate(value))
        return digest(value) or f"{unit.key}:{slot}"

    def _keep(self, unit: Unit, stored: Stored, shown: tuple[Artifact, ...]) -> None:
        """Store what a unit came to. Only then is it finished: whoever hears so will not see it made again."""
        station = unit.station
        try:
            self._cache.keep(unit.key, stored)
        except Exception as error:  # a full disk, say: the run goes on, the next process will have to make it again
            message = f"its output could not be kept for another time: {error}"
            self._emit(NodeWarned(station.id, message, unit.item, station.items))
        self._emit(NodeFinished(station.id, shown, stored.seconds, unit.item, station.items))
        station.seconds += stored.seconds
        self._finish(unit, Result(stored.outputs, stored.digests, unit.key), stored.artifacts)

    def _finish(self, unit: Unit, result: Result, artifacts: tuple[Artifact, ...] = ()) -> None:
        """Hand a unit's outputs to its station, and the station's to its readers."""
        station = unit.station
        if unit.is_stale:
            if result.key is not None:
                self._cache.store.let_go(result.key)
            return
        if result.key is not None:
            station.held[unit.item] = result.key
        if artifacts:
            station.artifacts[unit.item] = artifacts
        grew = station.accept(unit, result)
        if station.count != 1 or station.made > 1:
            self.stations.spend(station, unit.item)
        self._close_if_done(station)
        if grew:
            self.stations.notify(station)

    def _fail(self, unit: Unit, error: BaseException) -> None:
        if isinstance(error, Cancelled) or self._cancel.is_set():
            raise Cancelled from error
        station = unit.station
        name = station.bound.type.spec.name
        failure = NodeFailed(station.id, name, str(error) or type(error).__name__, unit.item)
        failure.__cause__ = error
        clear_frames(error)
        self.failures.setdefault(station.id, failure)
        self._emit(NodeErrored(station.id, name, failure.message, failure, unit.item, station.items))
        self._finish(unit, self._instead(unit, Failure(f"node {station.id!r} ({name}) failed")))

    def _block(self, unit: Unit, blocked: Blocked) -> None:
        station = unit.station
        self.blocked.setdefault(station.id, blocked.reason)
        self._emit(NodeBlocked(station.id, blocked.reason, unit.item, station.items))
        self._finish(unit, self._instead(unit, blocked))

    def _instead(self, unit: Unit, blocked: Blocked) -> Result:
        outputs = len(unit.station.streams)
        return Result((blocked,) * outputs, ("",) * outputs, None)

    # Expansions

    def _read(self, station: Station, expansion: Expansion) -> Fragment:
        """Check an expansion and give its nodes ids that nobody else has."""
        root = station.root
        numbers = self._counters.setdefault(root, itertools.count(1))
        name = lambda: next(name for number in numbers if (name := f"{root}/{number}") not in self._graph.nodes)
        return read_fragment(expansion, station.bound.type, name, self._checker, self._type_of)

    def _expand(self, unit: Unit, fragment: Fragment) -> None:
        """Put the nodes of a fragment into the run, and an exit that completes the unit."""
        station = unit.station
        root = station.root
        inside: list[Station] = []
        for number, (node_id, bound) in enumerate(fragment.nodes.items()):
            head = self._keys.head(bound, f"{unit.key}/{number}")
            place = station.place[0], next(self._serial)
            inner = Station(node_id, bound, place, head, None, self._keys.witnesses(bound))
            inner.root, inner.base = root, unit.path
            self.stations.add(inner)
            inside.append(inner)
        kinds: Mapping[NodeId, str] = {inner.id: inner.bound.type.spec.name for inner in inside}
        self._emit(NodeExpanded(station.id, root, kinds, unit.item, station.items))
        exit = Exit(unit, inside, fragment.pure, fragment.artifacts)
        exit.feeds = []
        for slot, value in enumerate(fragment.outputs):
            if isinstance(value, Link):
                feed = Feed(exit, "", self.stations[value.node], value.output, None)
                exit.feeds.append(feed)
                exit.outputs.append(feed)
            else:
                exit.outputs.append((value, self._digest(unit, slot, value)))
        exit.feeds += [Feed(exit, "", inner, None, None) for inner in inside if inner.bound.type.spec.is_target]
        self.stations.demand(exit)

    def _type_of(self, node_id: NodeId) -> NodeType | None:
        """The type of a node that a fragment may link to."""
        if node_id in self.stations:
            return self.stations[node_id].bound.type
        return self._graph.nodes[node_id].type if node_id in self.plan.heads else None

    def _bound_of(self, node_id: NodeId) -> Bound | None:
        return self.stations[node_id].bound if node_id in self.stations else self._graph.nodes.get(node_id)

    def _leave(self, exit: Exit) -> None:
        """Complete the unit that returned an expansion."""
        unit = exit.unit
        exit.closed = True
        try:
            values, digests = leave(exit)
        except ValueError as error:
            self.stations.stop_reading(exit)
            self._fail(unit, error)
            return
        witnesses, artifacts = dependencies(exit)
        seconds = unit.seconds + sum(inner.seconds for inner in exit.fragment)
        self.stations.stop_reading(exit)
        station = unit.station
        station.depend_on(witnesses)
        if witnesses is not None and not has_failed(values):
            size = weigh(values, self._codecs)
            kept = Stored(tuple(values), tuple(digests), (*exit.own, *artifacts), seconds, size, witnesses)
            self._keep(unit, kept, exit.own)
            return
        self._emit(NodeFinished(station.id, exit.own, seconds, unit.item, station.items))
        station.seconds += seconds
        self._finish(unit, Result(tuple(values), tuple(digests), None), exit.own)
