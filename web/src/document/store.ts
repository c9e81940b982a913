/** The document that is being edited: reading, edits as named steps, undo and redo, and who hears of what changed. */

import { Counter, Draft } from "./draft.ts";
import { History } from "./history.ts";
import { Listeners } from "./listeners.ts";
import { appendPatch, applyPatch, Journal, type Patch, revertPatch, touchedBy } from "./patches.ts";
import { type LiveGraph, type TableName, Tables } from "./tables.ts";
import { definitionOf } from "./subgraph_type.ts";
import type { GraphId, NodeId, View, WorkflowDocument } from "./types.ts";

const NOTHING: ReadonlySet<string> = new Set();

/** What a listener hears: which rows are others now. */
export class Change {
  readonly name: string;
  readonly origin: "edit" | "undo" | "redo" | "rollback";
  readonly touched: ReadonlyMap<TableName, ReadonlySet<string>>;

  constructor(name: string, origin: Change["origin"], touched: Change["touched"]) {
    this.name = name;
    this.origin = origin;
    this.touched = touched;
  }

  /** The nodes of a graph that were added, replaced or removed. */
  nodes(graph: GraphId): ReadonlySet<NodeId> {
    return this.touched.get(`nodes:${graph}`) ?? NOTHING;
  }

  frames(graph: GraphId): ReadonlySet<string> {
    return this.touched.get(`frames:${graph}`) ?? NOTHING;
  }

  notes(graph: GraphId): ReadonlySet<string> {
    return this.touched.get(`notes:${graph}`) ?? NOTHING;
  }
}

interface Gesture {
  readonly name: string;
  readonly trail: readonly NodeId[];
  patches: readonly Patch[];
}

export class DocumentStore {
  readonly #tables: Tables;
  readonly #history = new History();
  readonly #ids = new Counter();
  readonly #listeners = new Listeners<Change | null>();
  readonly #clock: () => number;
  #gesture: Gesture | undefined;
  #editing = false;
  #trail: readonly NodeId[] = [];
  #revision = 0;
  #document: WorkflowDocument | undefined;

  constructor(document: WorkflowDocument, clock: () => number = Date.now) {
    this.#tables = new Tables(document);
    this.#clock = clock;
  }

  /** The document as it is now. Its maps are live: they change with the next edit. A new object after each edit. */
  get document(): WorkflowDocument {
    this.#document ??= { ...this.#tables.head, graph: this.graph(""), definitions: this.#tables.definitions };
    return this.#document;
  }

  /** Grows with every change, also of what is looked at. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether there is something to save. */
  get dirty(): boolean {
    return this.#history.dirty;
  }

  /** The graph that is being looked at: "" or a definition's id. */
  get path(): GraphId {
    return this.#graphAt(this.#trail) ?? "";
  }

  /** The instances on the way to that graph, outermost first. */
  get trail(): readonly NodeId[] {
    return this.#trail;
  }

  /** Names of the steps that can be taken back and done again; the next one of each is the last. */
  get history(): { readonly undo: readonly string[]; readonly redo: readonly string[] } {
    return { undo: this.#history.done.map(({ name }) => name), redo: this.#history.undone.map(({ name }) => name) };
  }

  /** A graph, the one that is looked at unless said otherwise. The same object as long as the store lives. */
  graph(id: GraphId = this.path): LiveGraph {
    return this.#tables.graph(id);
  }

  /**
   * Change the document. All that `change` does is one step of the history, or part of the gesture that is open;
   * where it throws, nothing is changed. Edits of the same `joins` shortly after each other are one step.
   */
  edit<Result>(name: string, change: (draft: Draft) => Result, { joins }: { joins?: string } = {}): Result {
    if (this.#editing) throw new Error("an edit cannot begin inside another one");
    const journal = new Journal(this.#tables);
    this.#editing = true;
    let result: Result;
    try {
      result = change(new Draft(this.#tables, journal, this.#ids, this.path));
    } catch (error) {
      revertPatch(this.#tables, journal.patch());
      throw error;
    } finally {
      this.#editing = false;
    }
    const patch = journal.patch();
    if (patch.size === 0) return result;
    if (this.#gesture) this.#gesture.patches = appendPatch(this.#gesture.patches, patch);
    else this.#history.push({ name, trail: this.#trail, patches: [patch], joins, time: this.#clock() });
    this.#tell(name, "edit", [patch]);
    return result;
  }

  /** Begin a gesture: all edits until `commit` are one step. One that is open is committed first. */
  begin(name: string): void {
    this.commit();
    this.#gesture = { name, trail: this.#trail, patches: [] };
  }

  /** End the gesture. One that changed nothing leaves no step. */
  commit(): void {
    const gesture = this.#gesture;
    this.#gesture = undefined;
    if (!gesture || gesture.patches.length === 0) return;
    this.#history.push({ ...gesture, time: this.#clock() });
    this.#tell(gesture.name, "edit", []);
  }

  /** Give the gesture up: everything is as it was when it began. */
  rollback(): void {
    const gesture = this.#gesture;
    this.#gesture = undefined;
    if (!gesture || gesture.patches.length === 0) return;
    for (const patch of gesture.patches.toReversed()) revertPatch(this.#tables, patch);
    this.#tell(gesture.name, "rollback", gesture.patches);
  }

  /** Take the last step back, or the open gesture. Its name, or undefined where there is none. */
  undo(): string | undefined {
    if (this.#gesture) {
      const { name } = this.#gesture;
      this.rollback();
      return name;
    }
    const step = this.#history.back();
    if (!step) return undefined;
    for (const patch of step.patches.toReversed()) revertPatch(this.#tables, patch);
    return this.#show(step.name, "undo", step.patches, step.trail);
  }

  /** Do the step again that was taken back last. */
  redo(): string | undefined {
    this.commit();
    const step = this.#history.forward();
    if (!step) return undefined;
    for (const patch of step.patches) applyPatch(this.#tables, patch);
    return this.#show(step.name, "redo", step.patches, step.trail);
  }

  /** The document has been saved as it is now. */
  markSaved(): void {
    this.commit();
    this.#history.markSaved();
    this.#moved();
  }

  /** Look into an instance of a subgraph in the graph that is looked at. False where the node is none. */
  enter(instance: NodeId): boolean {
    const trail = [...this.#trail, instance];
    if (this.#graphAt(trail) === undefined) return false;
    this.goTo(trail);
    return true;
  }

  /** Look at the graph around this one. */
  leave(): void {
    this.goTo(this.#trail.slice(0, -1));
  }

  /** Look at the graph at the end of a trail, or as far along it as there is one. */
  goTo(trail: readonly NodeId[]): void {
    this.commit();
    let there = trail;
    while (this.#graphAt(there) === undefined) there = there.slice(0, -1);
    if (there.length === this.#trail.length && there.every((id, at) => id === this.#trail[at])) return;
    this.#trail = there;
    this.#moved();
  }

  /** Remember what part of a graph is seen. No step of the history, and nobody is told. */
  setView(view: View, graph: GraphId = this.path): void {
    this.#tables.setView(graph, view);
  }

  /** Hear of every change; without a change, of what is looked at and of saving. Returns how to stop. */
  subscribe(listener: (change: Change | null) => void): () => void {
    return this.#listeners.add("", listener);
  }

  /** Hear when one node becomes another value, appears or goes. */
  subscribeNode(graph: GraphId, id: NodeId, listener: () => void): () => void {
    return this.#listeners.add(`node:${graph}:${id}`, listener);
  }

  /** Hear when anything in one graph changes. */
  subscribeGraph(graph: GraphId, listener: (change: Change | null) => void): () => void {
    return this.#listeners.add(`graph:${graph}`, listener);
  }

  #graphAt(trail: readonly NodeId[]): GraphId | undefined {
    let graph: GraphId | undefined = "";
    for (const id of trail) {
      const node = this.#tables.graph(graph).nodes.get(id);
      graph = node && definitionOf(node.type);
      if (graph === undefined || !this.#tables.has(graph)) return undefined;
    }
    return graph;
  }

  #show(name: string, origin: Change["origin"], patches: readonly Patch[], trail: readonly NodeId[]): string {
    let there = trail;
    while (this.#graphAt(there) === undefined) there = there.slice(0, -1);
    this.#trail = there;
    this.#tell(name, origin, patches);
    return name;
  }

  #moved(): void {
    this.#revision++;
    this.#listeners.tell("", null);
  }

  #tell(name: string, origin: Change["origin"], patches: readonly Patch[]): void {
    while (this.#graphAt(this.#trail) === undefined) this.#trail = this.#trail.slice(0, -1);
    this.#document = undefined;
    this.#revision++;
    const change = new Change(name, origin, touchedBy(patches));
    const graphs = new Set<GraphId>();
    for (const [table, keys] of change.touched) {
      const [kind, graph] = [table.slice(0, table.indexOf(":")), table.slice(table.indexOf(":") + 1)];
      if (table === "head" || table === "definitions") continue;
      graphs.add(graph);
      if (kind === "nodes") for (const key of keys) this.#listeners.tell(`node:${graph}:${key}`, change);
    }
    for (const graph of graphs) this.#listeners.tell(`graph:${graph}`, change);
    this.#listeners.tell("", change);
  }
}
