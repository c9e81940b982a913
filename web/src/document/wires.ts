/** Who reads whom: an index beside the nodes, kept up to date node by node. */

import type { Graph, GraphNode, Link, NodeId, Value } from "./types.ts";

const NOBODY: ReadonlySet<NodeId> = new Set();

/** A wire, named by the input that holds it. */
export interface Wire {
  readonly from: Link;
  readonly to: NodeId;
  readonly input: string;
}

export class WireIndex {
  readonly #readers = new Map<NodeId, Set<NodeId>>();

  /** The nodes that read an output of this one. */
  readers(id: NodeId): ReadonlySet<NodeId> {
    return this.#readers.get(id) ?? NOBODY;
  }

  /** Takes in that a node became another value, appeared (`from` undefined) or went (`to` undefined). */
  update(id: NodeId, from: GraphNode | undefined, to: GraphNode | undefined): void {
    if (from?.inputs === to?.inputs) return;
    const before = sourcesOf(from);
    const after = sourcesOf(to);
    for (const source of before) {
      if (after.has(source)) continue;
      const readers = this.#readers.get(source);
      readers?.delete(id);
      if (readers?.size === 0) this.#readers.delete(source);
    }
    for (const source of after) {
      if (before.has(source)) continue;
      const readers = this.#readers.get(source);
      if (readers) readers.add(id);
      else this.#readers.set(source, new Set([id]));
    }
  }
}

/** The node's own wires: those that end in it. */
export function* wiresInto(node: GraphNode): Generator<Wire> {
  for (const [input, value] of Object.entries(node.inputs)) {
    const from = linkOf(value);
    if (from) yield { from, to: node.id, input };
  }
}

/** The wires that start in a node, found through the index. */
export function* wiresFrom(graph: Pick<Graph, "nodes">, wires: WireIndex, id: NodeId): Generator<Wire> {
  for (const reader of wires.readers(id)) {
    const node = graph.nodes.get(reader);
    if (!node) continue;
    for (const wire of wiresInto(node)) if (wire.from.node === id) yield wire;
  }
}

/** Every wire of a graph whose both ends are there. */
export function* wiresOf(graph: Pick<Graph, "nodes">): Generator<Wire> {
  for (const node of graph.nodes.values()) {
    for (const wire of wiresInto(node)) if (graph.nodes.has(wire.from.node)) yield wire;
  }
}

export function linkOf(value: Value | undefined): Link | undefined {
  return value !== undefined && "link" in value ? value.link : undefined;
}

export function isLinked(node: GraphNode, input: string): boolean {
  return linkOf(node.inputs[input]) !== undefined;
}

function sourcesOf(node: GraphNode | undefined): Set<NodeId> {
  const sources = new Set<NodeId>();
  if (node) for (const wire of wiresInto(node)) sources.add(wire.from.node);
  return sources;
}
