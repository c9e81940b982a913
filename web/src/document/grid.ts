/** What is near: areas by the cells of a wide grid, so that looking costs what is there and not what is in the graph. */

import { overlaps } from "./geometry.ts";
import type { Rect } from "./types.ts";

/** The side of a cell; a few windows' worth at zoom 1. */
export const CELL = 1500;
/** An area over more cells than this is kept aside and looked at every time. */
const MOST_CELLS = 64;

export class GridIndex {
  readonly #areas = new Map<string, Rect>();
  readonly #cells = new Map<string, Set<string>>();
  readonly #wide = new Set<string>();

  get size(): number {
    return this.#areas.size;
  }

  /** The area of an id, as it was last set. */
  area(id: string): Rect | undefined {
    return this.#areas.get(id);
  }

  set(id: string, area: Rect): void {
    const before = this.#areas.get(id);
    this.#areas.set(id, area);
    if (before && sameCells(before, area)) return;
    if (before) this.#leave(id, before);
    if (count(area) > MOST_CELLS) {
      this.#wide.add(id);
      return;
    }
    for (const key of cells(area)) {
      const cell = this.#cells.get(key);
      if (cell) cell.add(id);
      else this.#cells.set(key, new Set([id]));
    }
  }

  delete(id: string): void {
    const area = this.#areas.get(id);
    if (!area) return;
    this.#areas.delete(id);
    this.#leave(id, area);
  }

  clear(): void {
    this.#areas.clear();
    this.#cells.clear();
    this.#wide.clear();
  }

  /** The ids whose areas have a point in common with this one. */
  near(area: Rect): Set<string> {
    const found = new Set<string>();
    const look = (id: string): void => {
      if (overlaps(this.#areas.get(id)!, area)) found.add(id);
    };
    if (count(area) > this.#cells.size) for (const id of this.#areas.keys()) look(id);
    else for (const key of cells(area)) this.#cells.get(key)?.forEach(look);
    this.#wide.forEach(look);
    return found;
  }

  #leave(id: string, area: Rect): void {
    if (this.#wide.delete(id)) return;
    for (const key of cells(area)) {
      const cell = this.#cells.get(key);
      cell?.delete(id);
      if (cell?.size === 0) this.#cells.delete(key);
    }
  }
}

function span({ x, y, width, height }: Rect): readonly [left: number, top: number, right: number, bottom: number] {
  return [Math.floor(x / CELL), Math.floor(y / CELL), Math.floor((x + width) / CELL), Math.floor((y + height) / CELL)];
}

function count(area: Rect): number {
  const [left, top, right, bottom] = span(area);
  return (right - left + 1) * (bottom - top + 1);
}

function sameCells(a: Rect, b: Rect): boolean {
  const [one, other] = [span(a), span(b)];
  return one.every((side, at) => side === other[at]);
}

function* cells(area: Rect): Generator<string> {
  const [left, top, right, bottom] = span(area);
  for (let row = top; row <= bottom; row++) for (let column = left; column <= right; column++) yield `${column},${row}`;
}
