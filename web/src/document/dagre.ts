/** The layout of dagre, loaded when it is first wanted. */

import { Graph, layout } from "@dagrejs/dagre";

import { type Box, COLUMN_GAP, type Edge, ROW_GAP } from "./layered.ts";
import type { Point } from "./types.ts";

/** Places from left to right. */
export function dagrePlaces(boxes: readonly Box[], edges: readonly Edge[]): Map<string, Point> {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", ranksep: COLUMN_GAP, nodesep: ROW_GAP });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of boxes) graph.setNode(id, { width, height });
  for (const [from, to] of edges) graph.setEdge(from, to);
  layout(graph);
  return new Map(
    boxes.map(({ id, width, height }) => {
      const { x, y } = graph.node(id) as Point;
      return [id, { x: x - width / 2, y: y - height / 2 }];
    }),
  );
}
