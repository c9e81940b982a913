/** Frames and notes. */

import type { Draft } from "../draft.ts";
import { boundsOfItems, itemsIn } from "../places.ts";
import type { NodeSpecs } from "../specs.ts";
import type { Point, Rect } from "../types.ts";

/** What a frame leaves around its contents, and above them for its title. */
const MARGIN = 24;
const TITLE = 40;
const NOTE = { width: 320, height: 160 };

/** A frame with this area. Its id. */
export function addFrame(draft: Draft, { x, y, width, height }: Rect, title = ""): string {
  const id = draft.graph.freshId();
  draft.graph.setFrame({ id, title, x, y, width, height });
  return id;
}

/** A frame around items; undefined where there are none. */
export function frameItems(draft: Draft, specs: NodeSpecs, ids: Iterable<string>, title = ""): string | undefined {
  const bounds = boundsOfItems(draft.graph, specs, ids);
  return bounds ? addFrame(draft, around(bounds), title) : undefined;
}

/** Make a frame as large as what lies in it needs. */
export function fitFrame(draft: Draft, specs: NodeSpecs, id: string): void {
  const frame = draft.graph.frames.get(id);
  const items = frame ? itemsIn(draft.graph, specs, frame) : [];
  const bounds = boundsOfItems(draft.graph, specs, items);
  if (frame && bounds) draft.graph.setFrame({ ...frame, ...around(bounds) });
}

export function addNote(draft: Draft, { x, y }: Point, text = ""): string {
  const id = draft.graph.freshId();
  draft.graph.setNote({ id, text, x, y, ...NOTE });
  return id;
}

export function editNote(draft: Draft, id: string, text: string): void {
  const note = draft.graph.notes.get(id);
  if (note && note.text !== text) draft.graph.setNote({ ...note, text });
}

function around({ x, y, width, height }: Rect): Rect {
  return { x: x - MARGIN, y: y - MARGIN - TITLE, width: width + 2 * MARGIN, height: height + 2 * MARGIN + TITLE };
}
