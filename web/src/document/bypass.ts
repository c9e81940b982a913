/** What passes through nodes that do not run: the rule of the Python side's `graph/modes.py`. */

import { ANY } from "./specs.ts";
import type { NodeSpecs } from "./specs.ts";
import type { GraphNode, InputSpec, Link, NodeId, NodeSpec, OutputSpec } from "./types.ts";
import { specOf, type WiredGraph } from "./typing.ts";
import { linkOf } from "./wires.ts";

const PLAIN: ReadonlySet<string> = new Set(["INT", "FLOAT", "STRING", "BOOLEAN"]);

/** The input that stands in for an output of a bypassed node: the same type, the same place preferred; linked or not. */
export function standIn(spec: NodeSpec, output: number): string | undefined {
  const made = spec.outputs[output];
  if (!made) return undefined;
  const sockets = spec.inputs.filter((input) => !PLAIN.has(input.socket));
  const places = [...sockets.slice(output, output + 1), ...sockets, ...spec.inputs];
  return places.find((input) => matches(input, made))?.name;
}

/** For each output of a node the wire that would pass through it while it is bypassed; null where nothing would. */
export function passing(node: GraphNode, spec: NodeSpec): readonly (Link | null)[] {
  return spec.outputs.map((_, output) => {
    const input = standIn(spec, output);
    return (input !== undefined && linkOf(node.inputs[input])) || null;
  });
}

/** The output that a link reads in the end, around what is muted or bypassed; null where nothing is left to read. */
export function follow(graph: WiredGraph, specs: NodeSpecs, link: Link): Link | null {
  const walked = new Set<NodeId>();
  let reached: Link | null = link;
  while (reached) {
    const node = graph.nodes.get(reached.node);
    if (!node || node.mode === "run") return reached;
    if (node.mode === "mute" || walked.has(node.id)) return null;
    walked.add(node.id);
    reached = passing(node, specOf(graph, specs, node))[reached.output] ?? null;
  }
  return null;
}

function matches(input: InputSpec, output: OutputSpec): boolean {
  return (
    input.socket === output.socket ||
    input.socket === ANY ||
    output.socket === ANY ||
    output.kinds.includes(input.socket)
  );
}
