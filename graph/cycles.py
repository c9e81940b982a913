"""Orders and loops of bound nodes, without recursion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from graph.workflow import Link, NodeId


class Linked(Protocol):
    links: dict[str, Link]


def depth_first(nodes: Mapping[NodeId, Linked], starts: Iterable[NodeId]) -> tuple[list[NodeId], bool]:
    """What the starts need, sources first, and whether a loop was met.

    Depth first, so that running in this order uses a result soon after it was made. Links to nodes that are
    not in the mapping are passed over.
    """
    order: list[NodeId] = []
    finished: dict[NodeId, bool] = {}  # False while on the path
    looped = False
    for start in starts:
        if start in finished:
            continue
        finished[start] = False
        path: list[tuple[NodeId, Iterator[Link]]] = [(start, iter(nodes[start].links.values()))]
        while path:
            node_id, links = path[-1]
            for link in links:
                source = link.node
                state = finished.get(source)
                if state is None:
                    if source in nodes:
                        finished[source] = False
                        path.append((source, iter(nodes[source].links.values())))
                        break
                elif not state:
                    looped = True
            else:
                path.pop()
                finished[node_id] = True
                order.append(node_id)
    return order, looped


def cycles(nodes: Mapping[NodeId, Linked]) -> Iterator[list[NodeId]]:
    """One loop from each knot of nodes that wait for each other, in the direction of the links."""
    import networkx  # slow to import, and seldom needed

    dag = networkx.DiGraph()
    for node_id, linked in nodes.items():
        dag.add_edges_from((link.node, node_id) for link in linked.links.values() if link.node in nodes)
    for knot in networkx.strongly_connected_components(dag):
        if len(knot) > 1 or any(dag.has_edge(node_id, node_id) for node_id in knot):
            yield [edge[0] for edge in networkx.find_cycle(dag.subgraph(knot))]
