/** Automatic layout: each connected part by itself, and the parts packed beside each other. */

import { boundsOf } from "./geometry.ts";
import { type Box, type Edge, layered } from "./layered.ts";
import { areaOf } from "./places.ts";
import type { NodeSpecs } from "./specs.ts";
import type { NodeId, Point } from "./types.ts";
import type { WiredGraph } from "./typing.ts";
import { wiresInto } from "./wires.ts";

/** Parts up to this size, and this many nodes in all, are laid out by dagre: its time grows fast, 2 s for 500 nodes. */
const DAGRE_PART = 120;
const DAGRE_ALL = 300;
const PART_GAP = 96;

/** Places for nodes, all of a graph unless said otherwise; the upper left corner of where they are stays. */
export async function layOut(
  graph: WiredGraph,
  specs: NodeSpecs,
  ids: Iterable<NodeId> = graph.nodes.keys(),
): Promise<Map<NodeId, Point>> {
  const { boxes, edges, origin } = task(graph, specs, ids);
  const withDagre = boxes.length <= DAGRE_ALL ? await import("./dagre.ts") : undefined;
  return arranged(boxes, edges, origin, (part, inner) =>
    withDagre && part.length <= DAGRE_PART ? withDagre.dagrePlaces(part, inner) : layered(part, inner),
  );
}

type Layout = (boxes: readonly Box[], edges: readonly Edge[]) => Map<string, Point>;

function task(
  graph: WiredGraph,
  specs: NodeSpecs,
  ids: Iterable<NodeId>,
): { boxes: Box[]; edges: Edge[]; origin: Point } {
  const areas = Array.from(ids).flatMap((id) => {
    const area = graph.nodes.has(id) ? areaOf(graph, specs, id) : undefined;
    return area ? [{ id, ...area }] : [];
  });
  const inside = new Set(areas.map(({ id }) => id));
  const edges = areas.flatMap(({ id }) =>
    [...wiresInto(graph.nodes.get(id)!)]
      .filter(({ from }) => inside.has(from.node))
      .map(({ from }): Edge => [from.node, id]),
  );
  return { boxes: areas, edges, origin: boundsOf(areas) ?? { x: 0, y: 0 } };
}

function arranged(boxes: readonly Box[], edges: readonly Edge[], origin: Point, layout: Layout): Map<NodeId, Point> {
  const parts = partsOf(boxes, edges).map(({ part, inner }) => {
    const places = layout(part, inner);
    const size = boundsOf(part.map((box) => ({ ...box, ...places.get(box.id)! })))!;
    return { places, size };
  });
  const area = parts.reduce((sum, { size }) => sum + (size.width + PART_GAP) * (size.height + PART_GAP), 0);
  const width = Math.max(1.5 * Math.sqrt(area), ...parts.map(({ size }) => size.width));
  const all = new Map<NodeId, Point>();
  let [x, y, shelf] = [0, 0, 0];
  for (const { places, size } of parts.toSorted((a, b) => b.size.height - a.size.height)) {
    if (x > 0 && x + size.width > width) [x, y, shelf] = [0, y + shelf, 0];
    for (const [id, place] of places) {
      all.set(id, { x: Math.round(origin.x + x + place.x - size.x), y: Math.round(origin.y + y + place.y - size.y) });
    }
    x += size.width + PART_GAP;
    shelf = Math.max(shelf, size.height + PART_GAP);
  }
  return all;
}

/** The connected parts, each with its wires. */
function partsOf(boxes: readonly Box[], edges: readonly Edge[]): { part: Box[]; inner: Edge[] }[] {
  const root = new Map(boxes.map(({ id }) => [id, id]));
  const find = (id: string): string => {
    let top = id;
    for (let next = root.get(top)!; next !== top; next = root.get(top)!) {
      root.set(top, root.get(next)!);
      top = next;
    }
    return top;
  };
  for (const [from, to] of edges) root.set(find(from), find(to));
  const parts = new Map<string, { part: Box[]; inner: Edge[] }>();
  for (const box of boxes) {
    const at = find(box.id);
    if (!parts.has(at)) parts.set(at, { part: [], inner: [] });
    parts.get(at)!.part.push(box);
  }
  for (const edge of edges) parts.get(find(edge[0]))!.inner.push(edge);
  return [...parts.values()];
}
