/** The graph that is edited as areas in a plane: what is where, kept in step with the document. */

import { GridIndex } from "../document/grid.ts";
import type { Change } from "../document/store.ts";
import type { GraphId, Point, Rect } from "../document/types.ts";
import type { Wire } from "../document/wires.ts";
import { wiresOf } from "../document/wires.ts";
import type { Workspace } from "./workspace.ts";

export class Scene {
  private index = new GridIndex();
  private graph: GraphId;
  private readonly listeners = new Set<() => void>();
  private wireList: readonly Wire[] | null = null;
  private readonly stop: () => void;
  /** Counts up with each change. */
  revision = 0;

  constructor(private readonly workspace: Workspace) {
    this.graph = workspace.store.path;
    this.fill();
    this.stop = workspace.store.subscribe(this.follow);
  }

  dispose(): void {
    this.stop();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The items that an area touches. */
  within(area: Rect): string[] {
    return [...this.index.near(area)];
  }

  /** The uppermost item at a point: a node before a note before a frame, later ones before earlier ones. */
  at(point: Point): string | undefined {
    const found = this.within({ ...point, width: 0, height: 0 });
    const { nodes, notes } = this.workspace.store.graph();
    const rank = (id: string): number => (nodes.has(id) ? 2 : notes.has(id) ? 1 : 0);
    return found.toSorted((left, right) => rank(left) - rank(right)).at(-1);
  }

  /** Every wire whose both ends are there; the same list until something changes. */
  wires(): readonly Wire[] {
    return (this.wireList ??= [...wiresOf(this.workspace.store.graph())]);
  }

  bounds(): Rect | null {
    return this.workspace.boundsOf();
  }

  private fill(): void {
    this.index = new GridIndex();
    for (const id of this.workspace.items()) this.index.set(id, this.workspace.rectOf(id)!);
  }

  private readonly follow = (change: Change | null): void => {
    const { store } = this.workspace;
    const definitions = change?.touched.has("definitions") ?? false;
    if (store.path !== this.graph || definitions) {
      this.graph = store.path;
      this.fill();
    } else if (change !== null) {
      for (const ids of [change.nodes(this.graph), change.frames(this.graph), change.notes(this.graph)]) {
        for (const id of ids) this.update(id);
      }
    }
    this.revision++;
    this.wireList = null;
    for (const listener of this.listeners) listener();
  };

  private update(id: string): void {
    const rect = this.workspace.rectOf(id);
    if (rect === undefined) this.index.delete(id);
    else this.index.set(id, rect);
  }
}
