/** What an edit may do: the verbs of `operations` write through a draft, and see at once what they wrote. */

import type { Journal } from "./patches.ts";
import { HEAD, type Head, type LiveGraph, type Tables } from "./tables.ts";
import type { Definition, Frame, Graph, GraphId, GraphNode, NodeId, Note } from "./types.ts";
import type { WireIndex } from "./wires.ts";

/** Ids that are new in a session: also those of removed nodes are not given out again, as runs still speak of them. */
export interface Ids {
  fresh(graph: LiveGraph): NodeId;
  freshDefinition(definitions: ReadonlyMap<string, Definition>, wanted: string): string;
}

/** One graph in a draft. Reading shows what the draft has written. */
export class GraphDraft implements Graph {
  readonly id: GraphId;
  readonly #journal: Journal;
  readonly #graph: LiveGraph;
  readonly #ids: Ids;

  constructor(journal: Journal, graph: LiveGraph, ids: Ids) {
    this.id = graph.id;
    this.#journal = journal;
    this.#graph = graph;
    this.#ids = ids;
  }

  get nodes(): ReadonlyMap<NodeId, GraphNode> {
    return this.#graph.nodes;
  }

  get frames(): ReadonlyMap<string, Frame> {
    return this.#graph.frames;
  }

  get notes(): ReadonlyMap<string, Note> {
    return this.#graph.notes;
  }

  get wires(): WireIndex {
    return this.#graph.wires;
  }

  /** An id that no node, frame or note of this graph has, or had in this session. */
  freshId(): NodeId {
    return this.#ids.fresh(this.#graph);
  }

  /** The node of this id. Raises RangeError where there is none. */
  node(id: NodeId): GraphNode {
    const node = this.nodes.get(id);
    if (!node) throw new RangeError(`there is no node ${JSON.stringify(id)} in this graph`);
    return node;
  }

  setNode(node: GraphNode): void {
    this.#journal.write(`nodes:${this.id}`, node.id, node);
  }

  /** Only the node: `removeNodes` of the operations takes its wires with it. */
  dropNode(id: NodeId): void {
    this.#journal.write(`nodes:${this.id}`, id, undefined);
  }

  setFrame(frame: Frame): void {
    this.#journal.write(`frames:${this.id}`, frame.id, frame);
  }

  dropFrame(id: string): void {
    this.#journal.write(`frames:${this.id}`, id, undefined);
  }

  setNote(note: Note): void {
    this.#journal.write(`notes:${this.id}`, note.id, note);
  }

  dropNote(id: string): void {
    this.#journal.write(`notes:${this.id}`, id, undefined);
  }
}

export class Draft {
  /** The graph that is being looked at. */
  readonly graph: GraphDraft;
  readonly #journal: Journal;
  readonly #tables: Tables;
  readonly #ids: Ids;
  readonly #graphs = new Map<GraphId, GraphDraft>();

  constructor(tables: Tables, journal: Journal, ids: Ids, path: GraphId) {
    this.#tables = tables;
    this.#journal = journal;
    this.#ids = ids;
    this.graph = this.at(path);
  }

  /** The same draft, about another graph. */
  in(id: GraphId): Draft {
    return id === this.graph.id ? this : new Draft(this.#tables, this.#journal, this.#ids, id);
  }

  get head(): Head {
    return this.#tables.head;
  }

  get definitions(): ReadonlyMap<string, Definition> {
    return this.#tables.definitions;
  }

  /** A graph of the document, also one whose definition this draft has made. */
  at(id: GraphId): GraphDraft {
    let graph = this.#graphs.get(id);
    if (!graph) this.#graphs.set(id, (graph = new GraphDraft(this.#journal, this.#tables.graph(id), this.#ids)));
    return graph;
  }

  /** Every graph: the document's own and those of its definitions. */
  *graphs(): Generator<GraphDraft> {
    yield this.at("");
    for (const id of Array.from(this.definitions.keys())) yield this.at(id);
  }

  setHead(changes: Partial<Head>): void {
    this.#journal.write(HEAD, HEAD, { ...this.head, ...changes });
  }

  /** Add a definition, or replace what it says of itself; its nodes are edited through `at`. */
  setDefinition(definition: Definition): void {
    this.#journal.write("definitions", definition.id, definition);
  }

  dropDefinition(id: string): void {
    this.#journal.write("definitions", id, undefined);
  }

  freshDefinitionId(wanted: string): string {
    return this.#ids.freshDefinition(this.definitions, wanted);
  }
}

/** Counts up from the largest number that a graph has. */
export class Counter implements Ids {
  readonly #next = new Map<GraphId, number>();
  readonly #definitions = new Set<string>();

  fresh(graph: LiveGraph): NodeId {
    let next = this.#next.get(graph.id) ?? 1 + largestNumber(graph.nodes.keys());
    while ([graph.nodes, graph.frames, graph.notes].some((table) => table.has(String(next)))) next++;
    this.#next.set(graph.id, next + 1);
    return String(next);
  }

  freshDefinition(definitions: ReadonlyMap<string, Definition>, wanted: string): string {
    let id = wanted || "subgraph";
    for (let number = 2; definitions.has(id) || this.#definitions.has(id); number++)
      id = `${wanted || "subgraph"} ${number}`;
    this.#definitions.add(id);
    return id;
  }
}

function largestNumber(ids: Iterable<string>): number {
  let largest = 0;
  for (const id of ids) {
    const number = /^\d+$/.test(id) ? Number(id) : 0;
    if (Number.isSafeInteger(number) && number > largest) largest = number;
  }
  return largest;
}
