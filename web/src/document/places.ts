/** Where the items of a graph are. */

import { boundsOf, contains, rectOf } from "./geometry.ts";
import { GridIndex } from "./grid.ts";
import type { NodeSpecs } from "./specs.ts";
import type { DocumentStore } from "./store.ts";
import type { Frame, GraphId, Rect } from "./types.ts";
import { specOf, type WiredGraph } from "./typing.ts";

/** The area of a node, frame or note; undefined where there is none of this id. */
export function areaOf(graph: WiredGraph, specs: NodeSpecs, id: string): Rect | undefined {
  const node = graph.nodes.get(id);
  return node ? rectOf(node, specOf(graph, specs, node)) : (graph.frames.get(id) ?? graph.notes.get(id));
}

/** The smallest area that holds these items, or all of the graph; null where there are none. */
export function boundsOfItems(graph: WiredGraph, specs: NodeSpecs, ids?: Iterable<string>): Rect | null {
  const all = ids ?? [...graph.nodes.keys(), ...graph.frames.keys(), ...graph.notes.keys()];
  return boundsOf(Array.from(all).flatMap((id) => areaOf(graph, specs, id) ?? []));
}

/** Everything that lies in a frame and moves with it: nodes and notes with their middle, smaller frames wholly. */
export function itemsIn(graph: WiredGraph, specs: NodeSpecs, frame: Frame): string[] {
  const middle = ({ x, y, width, height }: Rect): Rect => ({
    x: x + width / 2,
    y: y + height / 2,
    width: 0,
    height: 0,
  });
  const items = [...graph.nodes.keys(), ...graph.notes.keys()].filter((id) =>
    contains(frame, middle(areaOf(graph, specs, id)!)),
  );
  const inner = [...graph.frames.values()].filter(
    (each) => each.id !== frame.id && contains(frame, each) && !contains(each, frame),
  );
  return [...items, ...inner.map(({ id }) => id)];
}

/** These items, and what moves with the frames among them. */
export function withContents(graph: WiredGraph, specs: NodeSpecs, ids: Iterable<string>): Set<string> {
  const all = new Set(ids);
  for (const id of Array.from(all)) {
    const frame = graph.frames.get(id);
    if (frame) for (const inner of itemsIn(graph, specs, frame)) all.add(inner);
  }
  return all;
}

/** The nodes of one graph of a store by place, kept in step with it until `stop` is called. */
export function indexNodes(
  store: DocumentStore,
  specs: NodeSpecs,
  graph: GraphId,
): { readonly grid: GridIndex; readonly stop: () => void } {
  const grid = new GridIndex();
  const live = store.graph(graph);
  const put = (id: string): void => {
    const node = live.nodes.get(id);
    if (node) grid.set(id, rectOf(node, specOf(live, specs, node)));
    else grid.delete(id);
  };
  for (const id of live.nodes.keys()) put(id);
  const stop = store.subscribe((change) => {
    if (change === null) return;
    if (change.touched.has("definitions")) for (const id of live.nodes.keys()) put(id);
    for (const id of change.nodes(graph)) put(id);
  });
  return { grid, stop };
}
