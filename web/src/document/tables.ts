/**
 * The document as tables that are changed in place, key by key, so that no edit costs more than what it touches.
 * The values in them are never changed, only replaced.
 */

import type {
  Definition,
  Frame,
  Graph,
  GraphId,
  GraphNode,
  InputPort,
  Members,
  Note,
  NodeId,
  OutputPort,
  View,
  WorkflowDocument,
} from "./types.ts";
import { WireIndex } from "./wires.ts";

/** A graph that is being edited. It stays the same object while its maps change. */
export interface LiveGraph extends Graph {
  readonly id: GraphId;
  readonly wires: WireIndex;
}

/** What a document says of itself beside its graphs. */
export interface Head {
  readonly title: string;
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
  readonly rest: Members;
}

/** Names one map of the document: `nodes:`, `frames:` and `notes:` with a graph's id, `definitions`, and `head`. */
export type TableName = `${"nodes" | "frames" | "notes"}:${GraphId}` | "definitions" | "head";
export type Row = GraphNode | Frame | Note | Definition | Head;

export const HEAD = "head";

interface Opened extends LiveGraph {
  readonly nodes: Map<NodeId, GraphNode>;
  readonly frames: Map<string, Frame>;
  readonly notes: Map<string, Note>;
  view: View | undefined;
}

export class Tables {
  readonly definitions = new Map<string, Definition>();
  readonly #graphs = new Map<GraphId, Opened>();
  readonly #head: Map<string, Head>;

  /** Takes copies of the maps: the document that was given stays as it is. */
  constructor(document: WorkflowDocument) {
    const { title, inputs, outputs, rest } = document;
    this.#head = new Map([[HEAD, { title, inputs, outputs, rest }]]);
    this.#open("", document.graph);
    for (const definition of document.definitions.values()) this.put("definitions", definition.id, definition);
  }

  get head(): Head {
    return this.#head.get(HEAD)!;
  }

  /** A graph by id, also one whose definition was removed: undo may bring it back. */
  graph(id: GraphId): LiveGraph {
    return this.#opened(id);
  }

  has(id: GraphId): boolean {
    return id === "" || this.definitions.has(id);
  }

  table(name: TableName): ReadonlyMap<string, Row> {
    return this.#table(name);
  }

  /** Set a row, or remove it where `row` is undefined. */
  put(name: TableName, key: string, row: Row | undefined): void {
    const table = this.#table(name);
    if (name === "definitions" && row) row = this.#adopted(row as Definition);
    if (name.startsWith("nodes:")) {
      this.#opened(name.slice(6)).wires.update(
        key,
        table.get(key) as GraphNode | undefined,
        row as GraphNode | undefined,
      );
    }
    if (row === undefined) table.delete(key);
    else table.set(key, row);
  }

  /** Bring the rows of a table into this order; keys that it does not name come last. */
  reorder(name: TableName, keys: Iterable<string>): void {
    const table = this.#table(name);
    const rows = [...table];
    const before = new Map(rows);
    table.clear();
    for (const key of keys) {
      const row = before.get(key);
      if (row !== undefined) table.set(key, row);
    }
    for (const [key, row] of rows) if (!table.has(key)) table.set(key, row);
  }

  setView(id: GraphId, view: View): void {
    this.#opened(id).view = view;
  }

  #table(name: TableName): Map<string, Row> {
    if (name === "definitions") return this.definitions;
    if (name === "head") return this.#head;
    const colon = name.indexOf(":");
    return this.#opened(name.slice(colon + 1))[name.slice(0, colon) as "nodes" | "frames" | "notes"];
  }

  #opened(id: GraphId): Opened {
    const graph = this.#graphs.get(id);
    if (!graph) throw new RangeError(`there is no graph ${JSON.stringify(id)} in this document`);
    return graph;
  }

  /** The definition over its live graph; a graph that is new here is copied in. */
  #adopted(definition: Definition): Definition {
    const known = this.#graphs.get(definition.id);
    if (known && definition.graph === known) return definition;
    if (known && this.definitions.has(definition.id)) {
      throw new Error("the nodes of a definition are edited one by one, not replaced with it");
    }
    return { ...definition, graph: this.#open(definition.id, definition.graph) };
  }

  #open(id: GraphId, { nodes, frames, notes, view }: Graph): Opened {
    const wires = new WireIndex();
    const graph: Opened = { id, nodes: new Map(nodes), frames: new Map(frames), notes: new Map(notes), view, wires };
    for (const node of nodes.values()) wires.update(node.id, undefined, node);
    this.#graphs.set(id, graph);
    return graph;
  }
}
