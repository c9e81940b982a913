/** The inputs that people change between runs, for a workflow that names none yet: prompts, models, size, strength, seed. */

import { REROUTE, REROUTED } from "./reroute.ts";
import { takesLiteral, type NodeSpecs } from "./specs.ts";
import type { Graph, GraphNode, InputSpec, Link, NodeId, NodeSpec } from "./types.ts";
import { isLinked, linkOf, wiresInto } from "./wires.ts";

export interface Suggestion {
  readonly name: string;
  readonly end: readonly [node: NodeId, input: string];
}

type Role = "positive" | "negative";

/** In which order a form shows them. */
const KINDS = ["prompt", "model", "image", "size", "strength", "seed"] as const;
const SOURCES: Readonly<Record<string, readonly [(typeof KINDS)[number], string]>> = {
  checkpoints: ["model", "checkpoint"],
  loras: ["model", "LoRA"],
  images: ["image", "image"],
};

/** What one would want to name, in the order of a form; nothing that is linked or does not run. */
export function suggestedInputs({ nodes }: Pick<Graph, "nodes">, specs: NodeSpecs): readonly Suggestion[] {
  const roles = rolesIn(nodes);
  const found = Array.from(nodes.values()).flatMap((node) => {
    const spec = node.mode === "run" ? specs.get(node.type) : undefined;
    if (!spec) return [];
    const kinds = spec.inputs.flatMap((input) => {
      const kind = takesLiteral(input) && !isLinked(node, input.name) && kindOf(input, node, spec, roles.get(node.id));
      return kind ? [{ kind: kind[0], name: kind[1], end: [node.id, input.name] as const }] : [];
    });
    const strengths = kinds.filter(({ kind }) => kind === "strength").slice(1); // of a LoRA's two the model's
    return kinds.filter((each) => !strengths.includes(each));
  });
  const names = new Map<string, number>();
  return KINDS.flatMap((kind) => found.filter((each) => each.kind === kind)).map(({ name, end }) => {
    const count = (names.get(name) ?? 0) + 1;
    names.set(name, count);
    return { name: count === 1 ? name : `${name} ${count}`, end };
  });
}

function kindOf(
  { name, widget, socket }: InputSpec,
  node: GraphNode,
  spec: NodeSpec,
  role: Role | undefined,
): readonly [(typeof KINDS)[number], string] | undefined {
  const makes = (made: string): boolean => spec.outputs.some((output) => output.socket === made);
  if (widget?.kind === "Choice") return SOURCES[widget.source];
  if (widget?.kind === "Seed") return ["seed", "seed"];
  if (widget?.kind === "Text" && widget.multiline)
    return makes("CONDITIONING") ? ["prompt", role === "negative" ? "negative prompt" : "prompt"] : undefined;
  if ((name === "width" || name === "height") && makes("LATENT")) return ["size", name];
  if (socket === "FLOAT" && name.startsWith("strength")) return ["strength", "strength"];
  const value = node.inputs[name];
  const changes = name === "denoise" && value !== undefined && "literal" in value && value.literal !== 1;
  return changes ? ["strength", "denoise"] : undefined;
}

/** Which nodes make what is wanted, and which what is not: back from every input that is called so. */
function rolesIn(nodes: ReadonlyMap<NodeId, GraphNode>): ReadonlyMap<NodeId, Role> {
  const roles = new Map<NodeId, Role>();
  const waiting: [Link, Role][] = [];
  for (const node of nodes.values()) {
    for (const { from, input } of wiresInto(node)) if (isRole(input)) waiting.push([from, input]);
  }
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [{ node: id }, role] = next;
    const node = nodes.get(id);
    if (!node || roles.has(id)) continue;
    roles.set(id, role);
    const passed = node.type === REROUTE ? linkOf(node.inputs[REROUTED]) : undefined;
    if (passed) waiting.push([passed, role]);
    for (const { from, input } of wiresInto(node)) if (input.startsWith("conditioning")) waiting.push([from, role]);
  }
  return roles;
}

function isRole(input: string): input is Role {
  return input === "positive" || input === "negative";
}
