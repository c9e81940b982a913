/** What the server's node list says, the document's own subgraphs included: types, what fits what, and search. */

import { REROUTE, REROUTE_SPEC } from "./reroute.ts";
import { ranked } from "./search.ts";
import { definitionOf, subgraphType } from "./subgraph_type.ts";
import type { Definition, GraphNode, InputSpec, Literal, NodeSpec, OutputSpec } from "./types.ts";

export const ANY = "*";
const PLAIN: ReadonlySet<string> = new Set(["INT", "FLOAT", "STRING", "BOOLEAN"]);

/** What a search may be narrowed to: types with an input for this output, or with an output for this input. */
export interface Wanted {
  readonly from?: OutputSpec;
  readonly to?: InputSpec;
}

export class NodeSpecs {
  readonly #nodes: ReadonlyMap<string, NodeSpec>;
  readonly #definitions: ReadonlyMap<string, Definition>;
  readonly #derived = new Map<string, { readonly of: readonly unknown[]; readonly spec: NodeSpec }>();

  constructor(
    nodes: Readonly<Record<string, NodeSpec>> | ReadonlyMap<string, NodeSpec>,
    definitions: ReadonlyMap<string, Definition> = new Map(),
  ) {
    this.#nodes = nodes instanceof Map ? nodes : new Map([[REROUTE, REROUTE_SPEC], ...Object.entries(nodes)]);
    this.#definitions = definitions;
  }

  /** The same list with the subgraphs of a document (its live map stays in step with it). */
  with(definitions: ReadonlyMap<string, Definition>): NodeSpecs {
    return new NodeSpecs(this.#nodes, definitions);
  }

  /** What a node of this type looks like; undefined where neither the server nor the document knows it. */
  get(type: string): NodeSpec | undefined {
    return this.#get(type, []);
  }

  /** Every type, subgraphs of the document last. */
  all(): NodeSpec[] {
    const own = [...this.#definitions.keys()].map((id) => this.get(subgraphType(id))!);
    return [...this.#nodes.values(), ...own];
  }

  /** Types by how well they match the words, those used lately first where they match alike; all of them for no words. */
  search(words: string, wanted: Wanted = {}, recent: readonly string[] = []): NodeSpec[] {
    const { from, to } = wanted;
    const fitting = this.all().filter(
      (spec) => (!from || inputFor(spec, from) !== undefined) && (!to || outputFor(spec, to) !== undefined),
    );
    return ranked(fitting, words, recent);
  }

  /** Types that turn this output into what the input takes, with at most one more socket to fill; the plainest first. */
  converters(output: OutputSpec, input: InputSpec): NodeSpec[] {
    if (accepts(input, output)) return [];
    const others = (spec: NodeSpec): number =>
      spec.inputs.filter((taken) => taken.required && !takesLiteral(taken)).length -
      (spec.inputs.some((taken) => takes(taken, output) && taken.required && !takesLiteral(taken)) ? 1 : 0);
    const fits = (spec: NodeSpec): boolean =>
      spec.outputs.some((made) => made.socket !== ANY && accepts(input, made)) &&
      spec.inputs.some((taken) => takes(taken, output)) &&
      others(spec) <= 1;
    const size = (spec: NodeSpec): number => spec.inputs.length + spec.outputs.length;
    return this.all()
      .filter(fits)
      .sort((a, b) => others(a) - others(b) || size(a) - size(b));
  }

  /** `around` are the definitions that ask: one that holds itself knows no type for its own instance. */
  #get(type: string, around: readonly string[]): NodeSpec | undefined {
    const id = definitionOf(type);
    if (id === undefined) return this.#nodes.get(type);
    const definition = around.includes(id) ? undefined : this.#definitions.get(id);
    return definition && this.#derive(definition, around);
  }

  /** Made anew only where the definition, or one of the nodes at its ports, has become another value. */
  #derive(definition: Definition, around: readonly string[]): NodeSpec {
    const { graph, inputs, outputs } = definition;
    const sources = outputs.map(({ end }) => end && graph.nodes.get(end[0]));
    const ends = inputs.map(({ ends: [end] }) => end && graph.nodes.get(end[0]));
    const types = new Set([...sources, ...ends].flatMap((node) => node?.type ?? []));
    const inside = [...around, definition.id];
    const found = new Map(Array.from(types, (type) => [type, this.#get(type, inside)]));
    const specs = [...sources, ...ends].map((node) => node && found.get(node.type));
    const of = [definition, ...sources, ...ends, ...specs];
    const known = this.#derived.get(definition.id);
    if (known && known.of.length === of.length && known.of.every((value, at) => value === of[at])) return known.spec;
    const spec: NodeSpec = {
      name: subgraphType(definition.id),
      title: definition.title,
      category: "subgraphs",
      description: typeof definition.rest?.["about"] === "string" ? definition.rest["about"] : "",
      inputs: inputs.map((port, at) => promoted(port, ends[at] ?? undefined, specs[outputs.length + at] ?? undefined)),
      outputs: outputs.map((port, at) => ({ ...shown(port, specs[at] ?? undefined), name: port.name })),
      is_target: false,
      version: 1,
      aliases: [],
    };
    this.#derived.set(definition.id, { of, spec });
    return spec;
  }
}

/** Whether the output may be wired to the input: its own type, a kind of it, and an INT where a FLOAT will do. */
export function accepts(input: Pick<InputSpec, "socket">, output: OutputSpec): boolean {
  if (input.socket === output.socket || input.socket === ANY || output.socket === ANY) return true;
  const sockets = input.socket.split(",");
  return output.kinds.some((kind) => sockets.includes(kind)) || (output.socket === "INT" && sockets.includes("FLOAT"));
}

/** Whether a value can be written into the input, so that it has a widget. */
export function takesLiteral(input: InputSpec): boolean {
  return input.widget !== null || (!input.many && input.socket.split(",").every((socket) => PLAIN.has(socket)));
}

/** The input of a type that an output is wired to when nobody says which: its very type before a kin, a socket before a widget. */
export function inputFor(spec: NodeSpec, output: OutputSpec): InputSpec | undefined {
  const inputs = spec.inputs.map((input) => (input.growing === null ? input : grown(input, 1)));
  const exact = inputs.filter((input) => input.socket === output.socket);
  return (
    exact.find((input) => !takesLiteral(input)) ??
    exact[0] ??
    inputs.find((input) => takes(input, output)) ??
    inputs.find((input) => accepts(input, output))
  );
}

/** The output of a type that an input is wired to when nobody says which. */
export function outputFor(spec: NodeSpec, input: InputSpec): number | undefined {
  const found = [
    spec.outputs.findIndex((output) => output.socket === input.socket),
    spec.outputs.findIndex((output) => output.socket !== ANY && accepts(input, output)),
    spec.outputs.findIndex((output) => accepts(input, output)),
  ].find((at) => at >= 0);
  return found;
}

/** The inputs as a node shows them: of a growing one those in use and one more. */
export function inputsOf(node: GraphNode, spec: NodeSpec): readonly InputSpec[] {
  if (spec.inputs.every((input) => input.growing === null)) return spec.inputs;
  return spec.inputs.flatMap((input) => {
    if (input.growing === null) return [input];
    const used = numbersOf(node, input.growing);
    return [...used, 1 + Math.max(0, ...used)].map((number) => grown(input, number));
  });
}

/** The declared input that a name of a node fills. */
export function inputNamed(spec: NodeSpec, name: string): InputSpec | undefined {
  const declared = spec.inputs.find((input) => input.name === name && input.growing === null);
  if (declared) return declared;
  for (const input of spec.inputs) {
    const number = input.growing !== null && name.startsWith(input.growing) ? name.slice(input.growing.length) : "";
    if (/^\d+$/.test(number)) return grown(input, Number(number));
  }
  return undefined;
}

/** What a node of an unknown type must have, as its inputs and readers show it. */
export function placeholderSpec(node: GraphNode, outputs: number): NodeSpec {
  const inputs = Object.entries(node.inputs).map(([name, value]) => ({
    ...UNKNOWN_INPUT,
    name,
    socket: "link" in value ? ANY : socketOf(value.literal),
    default: "literal" in value ? value.literal : null,
  }));
  const made = Array.from({ length: outputs }, (_, at) => ({ ...UNKNOWN_OUTPUT, name: String(at) }));
  return { ...UNKNOWN, name: node.type, title: node.type, inputs, outputs: made };
}

export const UNKNOWN_INPUT: InputSpec = {
  name: "",
  socket: ANY,
  required: false,
  default: null,
  widget: null,
  lazy: false,
  many: false,
  growing: null,
  tip: "",
};
export const UNKNOWN_OUTPUT: OutputSpec = { name: "", socket: ANY, many: false, kinds: [ANY] };
const UNKNOWN: NodeSpec = {
  name: "",
  title: "",
  category: "",
  description: "",
  inputs: [],
  outputs: [],
  is_target: false,
  version: 1,
  aliases: [],
};

/** The type of socket that a value could have been written into. */
function socketOf(literal: Literal): string {
  if (typeof literal === "string") return "STRING";
  if (typeof literal === "boolean") return "BOOLEAN";
  if (typeof literal === "bigint" || Number.isInteger(literal)) return "INT";
  return typeof literal === "number" ? "FLOAT" : ANY;
}

function takes(input: InputSpec, output: OutputSpec): boolean {
  return input.socket !== ANY && output.socket !== ANY && accepts(input, output);
}

function grown(input: InputSpec, number: number): InputSpec {
  return { ...input, name: `${input.growing}${number}`, growing: null, required: input.required && number === 1 };
}

function numbersOf(node: GraphNode, prefix: string): number[] {
  return Object.keys(node.inputs)
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b);
}

/** An input of a subgraph looks like the inner input that it feeds, and what is written there is its default. */
function promoted(
  port: Definition["inputs"][number],
  node: GraphNode | undefined,
  spec: NodeSpec | undefined,
): InputSpec {
  const end = port.ends[0];
  const inner = (spec && end && inputNamed(spec, end[1])) ?? { ...UNKNOWN_INPUT, socket: port.socket ?? ANY };
  const written = end && node?.inputs[end[1]];
  return {
    ...inner,
    name: port.name,
    required: inner.required && written === undefined,
    default: written && "literal" in written ? written.literal : inner.default,
    tip: port.about ?? inner.tip,
  };
}

function shown(port: Definition["outputs"][number], spec: NodeSpec | undefined): OutputSpec {
  const output = port.end ? spec?.outputs[port.end[1]] : undefined;
  return output ?? { ...UNKNOWN_OUTPUT, socket: port.socket ?? ANY, kinds: [port.socket ?? ANY] };
}
