/** What an edit did, row by row, so that it can be taken back and done again. */

import type { Row, TableName, Tables } from "./tables.ts";

/** A row that went, and the key that stood before it: undo puts it back at its place. */
interface Removed {
  readonly row: Row;
  readonly after: string | null;
}

export interface TablePatch {
  readonly added: ReadonlyMap<string, Row>;
  readonly removed: ReadonlyMap<string, Removed>;
  readonly updated: ReadonlyMap<string, readonly [from: Row, to: Row]>;
}

export type Patch = ReadonlyMap<TableName, TablePatch>;

/** Notes what is written into tables during an edit, and makes the patch of it. */
export class Journal {
  readonly #tables: Tables;
  readonly #before = new Map<TableName, Map<string, Row | undefined>>();
  readonly #order = new Map<TableName, readonly string[]>();
  /** Rows that went and came back: they stand last now. */
  readonly #moved = new Map<TableName, Set<string>>();

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** Write a row, or remove it where `row` is undefined. */
  write(name: TableName, key: string, row: Row | undefined): void {
    const table = this.#tables.table(name);
    const present = table.get(key);
    if (present === row) return;
    let before = this.#before.get(name);
    if (!before) this.#before.set(name, (before = new Map()));
    if (!before.has(key)) before.set(key, present);
    if (present === undefined && before.get(key) !== undefined) {
      this.#moved.set(name, (this.#moved.get(name) ?? new Set()).add(key));
    }
    if (row === undefined && !this.#order.has(name)) this.#order.set(name, [...table.keys()]);
    this.#tables.put(name, key, row);
  }

  /** The difference between the tables as they were and as they are. */
  patch(): Patch {
    const patch = new Map<TableName, TablePatch>();
    for (const [name, before] of this.#before) {
      const difference = this.#difference(name, before);
      if (difference.added.size + difference.removed.size + difference.updated.size > 0) patch.set(name, difference);
    }
    return patch;
  }

  #difference(name: TableName, before: ReadonlyMap<string, Row | undefined>): TablePatch {
    const table = this.#tables.table(name);
    const added = new Map<string, Row>();
    const updated = new Map<string, readonly [Row, Row]>();
    const gone = new Map<string, Row>();
    for (const [key, from] of before) {
      const to = table.get(key);
      const moved = this.#moved.get(name)?.has(key);
      if (to !== undefined && (from === undefined || moved)) added.set(key, to);
      if (from !== undefined && (to === undefined || moved)) gone.set(key, from);
      if (from !== undefined && to !== undefined && from !== to && !moved) updated.set(key, [from, to]);
    }
    return { added, updated, removed: this.#placed(name, gone) };
  }

  #placed(name: TableName, gone: ReadonlyMap<string, Row>): Map<string, Removed> {
    const removed = new Map<string, Removed>();
    if (gone.size === 0) return removed;
    let after: string | null = null;
    for (const key of this.#order.get(name) ?? []) {
      const row = gone.get(key);
      if (row !== undefined) removed.set(key, { row, after });
      after = key;
    }
    return removed;
  }
}

/** Do again what a patch says. */
export function applyPatch(tables: Tables, patch: Patch): void {
  for (const [name, { added, removed, updated }] of patch) {
    for (const key of removed.keys()) tables.put(name, key, undefined);
    for (const [key, [, to]] of updated) tables.put(name, key, to);
    for (const [key, row] of added) tables.put(name, key, row);
  }
}

/** Take back what a patch did; rows that were removed come back to where they stood. */
export function revertPatch(tables: Tables, patch: Patch): void {
  for (const [name, { added, removed, updated }] of patch) {
    for (const key of added.keys()) tables.put(name, key, undefined);
    for (const [key, [from]] of updated) tables.put(name, key, from);
    if (removed.size === 0) continue;
    const remaining = [...tables.table(name).keys()];
    for (const [key, { row }] of removed) tables.put(name, key, row);
    tables.reorder(name, interleaved(remaining, removed));
  }
}

/** Two patches, one after the other, as a step: they become one where both only replace rows, as each move of a drag does. */
export function appendPatch(step: readonly Patch[], next: Patch): readonly Patch[] {
  if (next.size === 0) return step;
  const last = step.at(-1);
  return last && onlyUpdates(last) && onlyUpdates(next)
    ? [...step.slice(0, -1), mergedUpdates(last, next)]
    : [...step, next];
}

/** The keys that a patch touches. */
export function touchedBy(patches: Iterable<Patch>): Map<TableName, Set<string>> {
  const touched = new Map<TableName, Set<string>>();
  for (const patch of patches) {
    for (const [name, { added, removed, updated }] of patch) {
      let keys = touched.get(name);
      if (!keys) touched.set(name, (keys = new Set()));
      for (const part of [added, removed, updated]) for (const key of part.keys()) keys.add(key);
    }
  }
  return touched;
}

function* interleaved(remaining: readonly string[], removed: ReadonlyMap<string, Removed>): Generator<string> {
  const next = new Map<string | null, string>();
  for (const [key, { after }] of removed) next.set(after, key);
  for (const start of [null, ...remaining]) {
    for (let key: string | null | undefined = start; key !== undefined; key = next.get(key))
      if (key !== null) yield key;
  }
}

function onlyUpdates(patch: Patch): boolean {
  return [...patch.values()].every(({ added, removed }) => added.size + removed.size === 0);
}

function mergedUpdates(first: Patch, second: Patch): Patch {
  const merged = new Map(first);
  for (const [name, table] of second) {
    const updated = new Map(first.get(name)?.updated);
    for (const [key, [from, to]] of table.updated) {
      const start = updated.get(key)?.[0] ?? from;
      if (start === to) updated.delete(key);
      else updated.set(key, [start, to]);
    }
    if (updated.size === 0) merged.delete(name);
    else merged.set(name, { added: new Map(), removed: new Map(), updated });
  }
  return merged;
}
