/** Problems that the editor sees at once, node by node. What the server's check says of a document counts more. */

import { follow } from "./bypass.ts";
import { REROUTE } from "./reroute.ts";
import { accepts, inputNamed, inputsOf, type NodeSpecs } from "./specs.ts";
import type { GraphNode, InputPort, InputSpec, Link, NodeId } from "./types.ts";
import { outputAt, specOf, upstreamOf, type WiredGraph } from "./typing.ts";
import { wiresInto } from "./wires.ts";

/** A code that the strings have a sentence for. Inputs are named where one is at fault. */
export interface LocalProblem {
  readonly code:
    "unknown_node" | "missing_input" | "dangling_link" | "bad_output" | "type_mismatch" | "out_of_range" | "cycle";
  readonly node: NodeId;
  readonly input?: string;
  readonly given?: string;
  readonly taken?: string;
}

/** What is wrong with one node. `fed` says which of its inputs get their value from outside the graph. */
export function problemsOf(
  graph: WiredGraph,
  specs: NodeSpecs,
  node: GraphNode,
  fed: (input: string) => boolean = () => false,
): LocalProblem[] {
  if (node.mode !== "run") return [];
  const spec = specs.get(node.type);
  if (!spec) return [{ code: "unknown_node", node: node.id, given: node.type }];
  const problems: LocalProblem[] = [];
  const open = new Set<string>();
  for (const { from, input } of wiresInto(node)) {
    const reached = follow(graph, specs, from);
    if (reached === null) open.add(input);
    const problem = reached && wrongLink(graph, specs, reached, inputNamed(spec, input), node.type === REROUTE);
    if (problem) problems.push({ node: node.id, input, ...problem });
  }
  for (const input of inputsOf(node, spec)) {
    const value = node.inputs[input.name];
    if (input.required && (value === undefined || open.has(input.name)) && !fed(input.name)) {
      problems.push({ code: "missing_input", node: node.id, input: input.name, taken: input.socket });
    }
    if (value && "literal" in value && isOutOfRange(input, value.literal)) {
      problems.push({ code: "out_of_range", node: node.id, input: input.name, given: String(value.literal) });
    }
  }
  return problems;
}

/** What is wrong in a whole graph, cycles included. `ports` are the graph's own inputs where it is a subgraph's. */
export function problemsIn(graph: WiredGraph, specs: NodeSpecs, ports: readonly InputPort[] = []): LocalProblem[] {
  const fed = new Set(ports.flatMap((port) => port.ends.map(([node, input]) => `${node}\n${input}`)));
  const problems = Array.from(graph.nodes.values()).flatMap((node) =>
    problemsOf(graph, specs, node, (input) => fed.has(`${node.id}\n${input}`)),
  );
  return [...problems, ...nodesInCycles(graph).map((node) => ({ code: "cycle", node }) as const)];
}

/** The nodes that wait for themselves. */
export function nodesInCycles(graph: WiredGraph): NodeId[] {
  const waiting = new Map<NodeId, number>();
  const ready: NodeId[] = [];
  for (const node of graph.nodes.values()) {
    const sources = new Set([...wiresInto(node)].map((wire) => wire.from.node).filter((id) => graph.nodes.has(id)));
    waiting.set(node.id, sources.size);
    if (sources.size === 0) ready.push(node.id);
  }
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    waiting.delete(id);
    for (const reader of graph.wires.readers(id)) {
      const left = (waiting.get(reader) ?? 0) - 1;
      waiting.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  return [...waiting.keys()].filter((id) => upstreamOf(graph, [id]).has(id));
}

function wrongLink(
  graph: WiredGraph,
  specs: NodeSpecs,
  link: Link,
  input: InputSpec | undefined,
  passesOn: boolean,
): Pick<LocalProblem, "code" | "given" | "taken"> | undefined {
  const source = graph.nodes.get(link.node);
  if (!source) return { code: "dangling_link", given: link.node };
  const known = specs.get(source.type);
  if (known && !specOf(graph, specs, source).outputs[link.output])
    return { code: "bad_output", given: String(link.output) };
  const output = outputAt(graph, specs, link);
  if (!input || passesOn || accepts(input, output)) return undefined;
  return { code: "type_mismatch", given: output.socket, taken: input.socket };
}

function isOutOfRange({ widget, free }: InputSpec, literal: unknown): boolean {
  if (free || (typeof literal !== "number" && typeof literal !== "bigint")) return false;
  if (widget?.kind === "Range") return literal < widget.low || literal > widget.high;
  return widget?.kind === "Seed" && (literal < 0 || literal >= 2n ** 64n);
}
