/** Putting items in order: edges in line, equal gaps, places on the grid. */

import type { Draft } from "../draft.ts";
import { snapped } from "../geometry.ts";
import { areaOf, boundsOfItems } from "../places.ts";
import type { NodeSpecs } from "../specs.ts";
import type { Point, Rect } from "../types.ts";
import { placeItem } from "./nodes.ts";

export type Alignment = "left" | "center" | "right" | "top" | "middle" | "bottom";

/** Bring edges or middles of items into one line: those of the area that they take now. */
export function align(draft: Draft, specs: NodeSpecs, ids: Iterable<string>, kind: Alignment): void {
  const areas = areasOf(draft, specs, ids);
  const bounds = boundsOfItems(draft.graph, specs, areas.keys());
  if (!bounds) return;
  for (const [id, { x, y, width, height }] of areas) {
    const there: Record<Alignment, Point> = {
      left: { x: bounds.x, y },
      center: { x: bounds.x + (bounds.width - width) / 2, y },
      right: { x: bounds.x + bounds.width - width, y },
      top: { x, y: bounds.y },
      middle: { x, y: bounds.y + (bounds.height - height) / 2 },
      bottom: { x, y: bounds.y + bounds.height - height },
    };
    placeItem(draft, id, there[kind]);
  }
}

/** Make the gaps between items equal; the two outermost stay. */
export function distribute(
  draft: Draft,
  specs: NodeSpecs,
  ids: Iterable<string>,
  axis: "horizontal" | "vertical",
): void {
  const [start, length] = axis === "horizontal" ? (["x", "width"] as const) : (["y", "height"] as const);
  const areas = [...areasOf(draft, specs, ids)].sort(([, a], [, b]) => a[start] - b[start]);
  const [first, last] = [areas[0], areas.at(-1)];
  if (!first || !last || areas.length < 3) return;
  const taken = areas.reduce((sum, [, area]) => sum + area[length], 0);
  const gap = (last[1][start] + last[1][length] - first[1][start] - taken) / (areas.length - 1);
  let at = first[1][start];
  for (const [id, area] of areas) {
    placeItem(draft, id, { x: area.x, y: area.y, [start]: at });
    at += area[length] + gap;
  }
}

/** Put items on the grid. */
export function snap(draft: Draft, ids: Iterable<string>, grid?: number): void {
  const { nodes, frames, notes } = draft.graph;
  for (const id of ids) {
    const place = nodes.get(id) ?? frames.get(id) ?? notes.get(id);
    if (place) placeItem(draft, id, { x: snapped(place.x, grid), y: snapped(place.y, grid) });
  }
}

/** Put items at places, as `layOut` of `layout.ts` finds them. */
export function placeItems(draft: Draft, places: ReadonlyMap<string, Point>): void {
  for (const [id, place] of places) placeItem(draft, id, place);
}

function areasOf(draft: Draft, specs: NodeSpecs, ids: Iterable<string>): Map<string, Rect> {
  return new Map(
    Array.from(ids).flatMap((id) => {
      const area = areaOf(draft.graph, specs, id);
      return area ? [[id, area] as const] : [];
    }),
  );
}
