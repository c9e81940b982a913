/** A layout in columns that costs little more than looking at each wire a few times: for graphs too large for dagre. */

import type { Point } from "./types.ts";

export interface Box {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

/** A wire as layouts see it: which box leads to which. */
export type Edge = readonly [from: string, to: string];

export const COLUMN_GAP = 80;
export const ROW_GAP = 32;
const SWEEPS = 6;

/** Places with sources to the left of what reads them, upper left at 0, 0. Boxes that wait for each other come last. */
export function layered(boxes: readonly Box[], edges: readonly Edge[]): Map<string, Point> {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const [sources, readers] = neighbours(byId, edges);
  const columns = columnsOf(boxes, sources, readers);
  order(columns, sources, readers);
  return placed(columns, sources);
}

type Neighbours = ReadonlyMap<string, readonly string[]>;

function neighbours(
  boxes: ReadonlyMap<string, Box>,
  edges: readonly Edge[],
): readonly [sources: Neighbours, readers: Neighbours] {
  const sources = new Map<string, string[]>();
  const readers = new Map<string, string[]>();
  for (const id of boxes.keys()) {
    sources.set(id, []);
    readers.set(id, []);
  }
  for (const [from, to] of edges) {
    if (from === to || !boxes.has(from) || !boxes.has(to)) continue;
    sources.get(to)!.push(from);
    readers.get(from)!.push(to);
  }
  return [sources, readers];
}

/** Each box one column after the last of its sources; sources of nothing else move up to their first reader. */
function columnsOf(boxes: readonly Box[], sources: Neighbours, readers: Neighbours): Box[][] {
  const column = new Map<string, number>();
  const waiting = new Map(boxes.map(({ id }) => [id, sources.get(id)!.length]));
  const ready = boxes.filter(({ id }) => waiting.get(id) === 0).map(({ id }) => id);
  for (let at = 0; at < ready.length; at++) {
    const id = ready[at]!;
    column.set(id, 1 + Math.max(-1, ...sources.get(id)!.map((source) => column.get(source)!)));
    for (const reader of readers.get(id)!) {
      const left = waiting.get(reader)! - 1;
      waiting.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  const last = Math.max(-1, ...column.values());
  for (const { id } of boxes) if (!column.has(id)) column.set(id, last + 1);
  for (const { id } of boxes) {
    const first = Math.min(...readers.get(id)!.map((reader) => column.get(reader)!));
    if (sources.get(id)!.length === 0 && first !== Infinity && first > 0) column.set(id, first - 1);
  }
  const columns: Box[][] = [];
  for (const box of boxes) (columns[column.get(box.id)!] ??= []).push(box);
  return columns.filter((each) => each !== undefined);
}

/** Sort each column by the mean place of its boxes' neighbours, forth and back, so that few wires cross. */
function order(columns: Box[][], sources: Neighbours, readers: Neighbours): void {
  const rank = new Map<string, number>();
  const note = (column: readonly Box[]): void =>
    column.forEach(({ id }, at) => rank.set(id, (at + 0.5) / column.length));
  columns.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const forth = sweep % 2 === 0;
    for (const column of forth ? columns : columns.toReversed()) {
      const wanted = new Map(
        column.map(({ id }) => [id, mean((forth ? sources : readers).get(id)!, rank) ?? rank.get(id)!]),
      );
      column.sort((a, b) => wanted.get(a.id)! - wanted.get(b.id)!);
      note(column);
    }
  }
}

/** Columns side by side; each box as near as it can be to the middle of its sources. */
function placed(columns: readonly Box[][], sources: Neighbours): Map<string, Point> {
  const places = new Map<string, Point>();
  const middles = new Map<string, number>();
  let x = 0;
  for (const column of columns) {
    const wanted = column.map(({ id, height }) => {
      const middle = mean(sources.get(id)!, middles);
      return middle === undefined ? undefined : middle - height / 2;
    });
    const tops = settled(column, wanted);
    column.forEach(({ id, height }, at) => {
      places.set(id, { x, y: tops[at]! });
      middles.set(id, tops[at]! + height / 2);
    });
    x += Math.max(...column.map(({ width }) => width)) + COLUMN_GAP;
  }
  const top = Math.min(...Array.from(places.values(), ({ y }) => y));
  return new Map(Array.from(places, ([id, place]) => [id, { x: Math.round(place.x), y: Math.round(place.y - top) }]));
}

/**
 * Tops in this order, without overlaps, near the wanted ones: boxes that would overlap become a block that lies around
 * the mean of what its boxes want.
 */
function settled(column: readonly Box[], wanted: readonly (number | undefined)[]): number[] {
  const blocks: { start: number; height: number; want: number; count: number }[] = [];
  column.forEach(({ height }, at) => {
    const aim = wanted[at];
    let block = { start: at, height: height + ROW_GAP, want: aim ?? 0, count: aim === undefined ? 0 : 1 };
    for (
      let above = blocks.at(-1);
      above && (block.count === 0 || topOf(above) + above.height > topOf(block));
      above = blocks.at(-1)
    ) {
      blocks.pop();
      const want = above.want + block.want - block.count * above.height;
      block = { start: above.start, height: above.height + block.height, want, count: above.count + block.count };
    }
    blocks.push(block);
  });
  return blocks.flatMap((block, at) => {
    let top = topOf(block);
    return column.slice(block.start, blocks[at + 1]?.start).map(({ height }) => {
      const own = top;
      top += height + ROW_GAP;
      return own;
    });
  });
}

function topOf({ want, count }: { readonly want: number; readonly count: number }): number {
  return count === 0 ? 0 : want / count;
}

function mean(ids: readonly string[], values: ReadonlyMap<string, number>): number | undefined {
  let [sum, count] = [0, 0];
  for (const id of ids) {
    const value = values.get(id);
    if (value === undefined) continue;
    sum += value;
    count++;
  }
  return count === 0 ? undefined : sum / count;
}
