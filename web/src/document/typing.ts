/** Which types meet where in a graph: through reroutes, and whether a wire may be drawn. */

import type { Reason } from "./refused.ts";
import { REROUTE, REROUTED } from "./reroute.ts";
import { accepts, ANY, inputNamed, type NodeSpecs, placeholderSpec, UNKNOWN_INPUT, UNKNOWN_OUTPUT } from "./specs.ts";
import type { Graph, GraphNode, InputSpec, Link, NodeId, NodeSpec, OutputSpec } from "./types.ts";
import { linkOf, type WireIndex, wiresFrom } from "./wires.ts";

/** A graph with its index of readers, as the store and its drafts have it. */
export interface WiredGraph extends Graph {
  readonly wires: WireIndex;
}

const placeholders = new WeakMap<GraphNode, { readonly outputs: number; readonly spec: NodeSpec }>();

/** The spec of a placed node; of a type that nobody knows, what its values and wires show of it. */
export function specOf(graph: WiredGraph, specs: NodeSpecs, node: GraphNode): NodeSpec {
  const spec = specs.get(node.type);
  if (spec) return spec;
  let outputs = 0;
  for (const wire of wiresFrom(graph, graph.wires, node.id)) outputs = Math.max(outputs, wire.from.output + 1);
  const known = placeholders.get(node);
  if (known?.outputs === outputs) return known.spec;
  const made = placeholderSpec(node, outputs);
  placeholders.set(node, { outputs, spec: made });
  return made;
}

/** The output at the start of a link; of a reroute the one that it passes on. */
export function outputAt(graph: WiredGraph, specs: NodeSpecs, link: Link): OutputSpec {
  let reached: Link | undefined = link;
  const walked = new Set<NodeId>();
  while (reached && !walked.has(reached.node)) {
    walked.add(reached.node);
    const node: GraphNode | undefined = graph.nodes.get(reached.node);
    if (!node) break;
    if (node.type !== REROUTE) return specOf(graph, specs, node).outputs[reached.output] ?? UNKNOWN_OUTPUT;
    reached = linkOf(node.inputs[REROUTED]);
  }
  return UNKNOWN_OUTPUT;
}

/** The input of a node; of a reroute the first typed one that it leads to. */
export function inputAt(graph: WiredGraph, specs: NodeSpecs, id: NodeId, name: string): InputSpec {
  for (const [node, input] of ends(graph, id, name)) {
    const found = inputNamed(specOf(graph, specs, node), input);
    if (found && (found.socket !== ANY || node.id === id) && node.type !== REROUTE) return found;
  }
  return { ...UNKNOWN_INPUT, name };
}

/** Why a wire cannot be drawn; undefined where it can. */
export function refusal(
  graph: WiredGraph,
  specs: NodeSpecs,
  from: Link,
  to: { readonly node: NodeId; readonly input: string },
): Reason | undefined {
  const [source, target] = [graph.nodes.get(from.node), graph.nodes.get(to.node)];
  if (!source || !specOf(graph, specs, source).outputs[from.output]) {
    return { code: "unknown_socket", node: from.node, socket: String(from.output) };
  }
  if (!target || !(inputNamed(specOf(graph, specs, target), to.input) ?? to.input in target.inputs)) {
    return { code: "unknown_socket", node: to.node, socket: to.input };
  }
  if (from.node === to.node || reads(graph, from.node, to.node)) return { code: "cycle", node: to.node };
  const output = outputAt(graph, specs, from);
  for (const [node, name] of ends(graph, to.node, to.input)) {
    const input = inputNamed(specOf(graph, specs, node), name);
    if (input && !accepts(input, output)) return { code: "type", given: output.socket, taken: input.socket };
  }
  return undefined;
}

/** Whether one node, by whatever way, reads another one. */
export function reads(graph: Pick<Graph, "nodes">, reader: NodeId, source: NodeId): boolean {
  return upstreamOf(graph, [reader]).has(source);
}

/** All that these nodes read, directly or through others; they themselves only where they are read. */
export function upstreamOf(graph: Pick<Graph, "nodes">, ids: Iterable<NodeId>): Set<NodeId> {
  const found = new Set<NodeId>();
  const waiting = [...ids];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const value of Object.values(graph.nodes.get(id)?.inputs ?? {})) {
      const source = linkOf(value)?.node;
      if (source === undefined || found.has(source)) continue;
      found.add(source);
      waiting.push(source);
    }
  }
  return found;
}

/** All that reads these nodes, directly or through others. */
export function downstreamOf(graph: WiredGraph, ids: Iterable<NodeId>): Set<NodeId> {
  const found = new Set<NodeId>();
  const waiting = [...ids];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const reader of graph.wires.readers(id)) {
      if (found.has(reader)) continue;
      found.add(reader);
      waiting.push(reader);
    }
  }
  return found;
}

/** The input itself, and where it is a reroute's, all inputs behind it. */
function* ends(graph: WiredGraph, id: NodeId, name: string): Generator<readonly [GraphNode, string]> {
  const walked = new Set<NodeId>();
  const waiting: [NodeId, string][] = [[id, name]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const node = graph.nodes.get(next[0]);
    if (!node || walked.has(node.id)) continue;
    yield [node, next[1]];
    if (node.type !== REROUTE) continue;
    walked.add(node.id);
    for (const wire of wiresFrom(graph, graph.wires, node.id)) waiting.push([wire.to, wire.input]);
  }
}
