"""All stations of a run: who is wanted, who reads whom, and whose values nobody needs any more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from graph.cache import Cache
from graph.events import Event, NodeSkipped
from graph.graph import Graph
from graph.plan import Plan
from graph.station import Feed, Station
from graph.store import Recipe, Stored
from graph.workflow import NodeId


class Stations:
    """Stations by id, made when first spoken of. Those whose feeds have moved stand in ``moved``."""

    def __init__(self, graph: Graph, plan: Plan, cache: Cache, emit: Callable[[Event], None]):
        self.moved: deque[Station] = deque()
        self._graph, self._plan, self._cache, self._emit = graph, plan, cache, emit
        self._targets = frozenset(graph.targets)
        self._places = {node_id: place for place, node_id in enumerate(plan.steps)}
        self._stations: dict[NodeId, Station] = {}
        for node_id, recipe in plan.cached.items():
            self._take(self[node_id], recipe)

    def __contains__(self, node_id: NodeId) -> bool:
        return node_id in self._stations

    def __iter__(self) -> Iterator[Station]:
        return iter(self._stations.values())

    def add(self, station: Station) -> None:
        """Make a station of an expansion known."""
        self._stations[station.id] = station

    def close(self) -> None:
        """Let go of everything: of what the store holds for the run, and of each other, so that nothing lingers."""
        for station in self:
            for key in station.held.values():
                self._cache.store.let_go(key)
            station.release()
        self._stations.clear()

    def __getitem__(self, node_id: NodeId) -> Station:
        station = self._stations.get(node_id)
        if station is None:
            place = self._places.get(node_id, len(self._places))
            station = self._stations[node_id] = Station(
                node_id, self._graph.nodes[node_id], (place,), self._plan.heads[node_id], self._plan.recipes[node_id]
            )
        return station

    def demand(self, station: Station) -> None:
        """Want a station's outputs, and with them those of everything it reads."""
        waiting = [station]
        while waiting:
            station = waiting.pop()
            if station.dropped:
                self._revive(station)
            if station.wanted:
                continue
            station.wanted = True
            if station.stored is not None:
                self._restore(station, station.stored)
                continue
            if station.feeds is None:
                bound = station.bound
                station.feeds = [
                    Feed(station, name, self[link.node], link.output, bound.declared(name))
                    for name, link in bound.links.items()
                ]
            lazy = station.bound.type.lazy
            for feed in station.feeds:
                feed.source.readers[feed] = None  # a lazy one may yet ask, so what there is stays
                feed.source.registered += 1
                if feed.name not in lazy:
                    self.open(feed)
                    waiting.append(feed.source)
            if not station.waiting:
                self.moved.append(station)

    def open(self, feed: Feed) -> None:
        """Begin to read a feed, whose source is to be demanded next."""
        feed.reader.open.append(feed)
        feed.is_open = True
        feed.ready = not feed.source.dropped and feed.is_ready()
        feed.reader.waiting += not feed.ready

    def _take(self, station: Station, recipe: Recipe) -> None:
        """Hold what is stored for a station until it is wanted; without it the station will run."""
        station.stored = self._cache.take_all(recipe)
        if station.stored is not None:
            station.held = dict(enumerate(recipe.keys))
            station.record = recipe

    def _restore(self, station: Station, stored: list[Stored]) -> None:
        """Fill a station from what is stored for it."""
        station.restore(stored)
        if station.id in self._targets:
            for item, entry in enumerate(stored):
                station.artifacts[item] = entry.artifacts
                self._emit(NodeSkipped(station.id, "nothing changed", entry.artifacts, item, len(stored)))
        self.notify(station)

    def _revive(self, station: Station) -> None:
        """Let a station whose values were dropped fetch them again, or else make them again."""
        keys = tuple(key for key in station.keys if key is not None)
        recipe = None
        if station.closed and station.clean and station.witnesses is not None:
            recipe = Recipe(keys, tuple(station.paths), station.witnesses)
        for key in station.held.values():
            self._cache.store.let_go(key)
        for feed in station.feeds or ():
            feed.is_open = False
            feed.source.readers.pop(feed, None)
        station.reset()
        if recipe is not None:
            self._take(station, recipe)

    def notify(self, station: Station) -> None:
        """Move those who read a station that has grown or closed."""
        for feed in station.readers:
            reader = feed.reader
            if not feed.ready:
                if not feed.is_open or not feed.is_ready():
                    continue
                feed.ready = True
                reader.waiting -= 1
            if not reader.waiting:
                self.moved.append(reader)

    def stop_reading(self, station: Station) -> None:
        """Note that a station reads nothing any more."""
        for feed in station.feeds or ():
            feed.source.readers.pop(feed, None)
            self.drop_if_unread(feed.source)

    def drop_if_unread(self, station: Station) -> None:
        """Let go of a station's values when nobody reads them; the store may keep them."""
        if not station.readers and station.closed and station.clean and station.id not in self._targets:
            for key in station.drop():
                self._cache.store.let_go(key)

    def spend(self, station: Station, item: int) -> None:
        """Note that a unit has read its items; drop those that nobody else will read."""
        for feed in station.feeds or ():
            source = feed.source
            if feed.many or not source.is_listed or source.items is None or item >= source.items - 1:
                continue
            source.spent[item] = source.spent.get(item, 0) + 1
            if source.spent[item] == source.registered and source.id not in self._targets:
                key = source.drop_item(item)
                if key is not None:
                    self._cache.store.let_go(key)
