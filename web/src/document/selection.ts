/** What is selected in the graph that is looked at: nodes, frames and notes by id. */

import { Listeners } from "./listeners.ts";
import type { Graph } from "./types.ts";

const ALL = "";

export class SelectionStore {
  #items: ReadonlySet<string> = new Set();
  readonly #listeners = new Listeners<void>();

  /** A new set whenever it changes. */
  get items(): ReadonlySet<string> {
    return this.#items;
  }

  has(id: string): boolean {
    return this.#items.has(id);
  }

  set(ids: Iterable<string>): void {
    const next = new Set(ids);
    const before = this.#items;
    const turned = [...next].filter((id) => !before.has(id)).concat([...before].filter((id) => !next.has(id)));
    if (turned.length === 0) return;
    this.#items = next;
    for (const id of turned) this.#listeners.tell(`item:${id}`, undefined);
    this.#listeners.tell(ALL, undefined);
  }

  add(ids: Iterable<string>): void {
    this.set([...this.#items, ...ids]);
  }

  remove(ids: Iterable<string>): void {
    const gone = new Set(ids);
    this.set([...this.#items].filter((id) => !gone.has(id)));
  }

  /** Select one if it is not, else deselect it. */
  toggle(id: string): void {
    if (this.has(id)) this.remove([id]);
    else this.add([id]);
  }

  clear(): void {
    this.set([]);
  }

  /** Forget what is not in the graph, after undo or when another graph is looked at. */
  retain({ nodes, frames, notes }: Graph): void {
    this.set([...this.#items].filter((id) => nodes.has(id) || frames.has(id) || notes.has(id)));
  }

  /** Hear of every change. Returns how to stop. */
  subscribe(listener: () => void): () => void {
    return this.#listeners.add(ALL, listener);
  }

  /** Hear when one item is selected or deselected. */
  subscribeItem(id: string, listener: () => void): () => void {
    return this.#listeners.add(`item:${id}`, listener);
  }
}
