/** Where a selection that becomes a subgraph meets the rest of its graph. */

import { withEntry } from "../changed.ts";
import type { Draft } from "../draft.ts";
import type { NodeSpecs } from "../specs.ts";
import type { GraphNode, InputPort, Link, NodeId, OutputPort, Value } from "../types.ts";
import { specOf } from "../typing.ts";
import { wiresFrom, wiresInto } from "../wires.ts";
import { freeName, portsOf, setPorts } from "./ports.ts";

/** The instance, before it has an id. */
const INSTANCE = "";

export class Boundary {
  readonly inputs: InputPort[] = [];
  readonly outputs: OutputPort[] = [];
  /** What the instance's inputs hold. */
  readonly wired: [string, Value][] = [];
  readonly #draft: Draft;
  readonly #crossed = new Map<NodeId, Set<string>>();
  /** Outer readers of each output port. */
  readonly #readers: { node: NodeId; input: string; output: number }[] = [];
  readonly #promoted: InputPort[];
  readonly #shown: readonly OutputPort[];

  constructor(draft: Draft, specs: NodeSpecs, inside: ReadonlySet<NodeId>) {
    this.#draft = draft;
    const { graph } = draft;
    const sources = new Map<string, number>();
    for (const id of inside) {
      for (const { from, input } of wiresInto(graph.node(id))) {
        if (inside.has(from.node)) continue;
        this.#crossed.set(id, (this.#crossed.get(id) ?? new Set()).add(input));
        const key = `${from.output}\n${from.node}`;
        const at = sources.get(key);
        if (at === undefined) {
          sources.set(key, this.inputs.length);
          const name = this.#addInput(input, [[id, input]]);
          this.wired.push([name, { link: from }]);
        } else {
          this.inputs[at] = { ...this.inputs[at]!, ends: [...this.inputs[at]!.ends, [id, input]] };
        }
      }
    }
    for (const id of inside) {
      for (const wire of wiresFrom(graph, graph.wires, id)) {
        if (!inside.has(wire.to))
          this.#readers.push({ node: wire.to, input: wire.input, output: this.#output(specs, wire.from) });
      }
    }
    const ports = portsOf(draft);
    this.#promoted = ports.inputs.map((port) => {
      const inner = port.ends.filter(([node]) => inside.has(node));
      if (inner.length === 0) return port;
      const name = this.#addInput(port.name, inner, port.about);
      return { ...port, ends: [...port.ends.filter(([node]) => !inside.has(node)), [INSTANCE, name]] };
    });
    this.#shown = ports.outputs.map((port) =>
      port.end && inside.has(port.end[0])
        ? { ...port, end: [INSTANCE, this.#output(specs, { node: port.end[0], output: port.end[1] })] }
        : port,
    );
  }

  /** A node as it is inside: what came from outside comes through a port. */
  innerNode(node: GraphNode): GraphNode {
    const crossed = this.#crossed.get(node.id);
    if (!crossed) return node;
    return { ...node, inputs: Object.fromEntries(Object.entries(node.inputs).filter(([name]) => !crossed.has(name))) };
  }

  /** Let what read the nodes read the instance, and the graph's own ports lead to it. */
  reconnect(instance: NodeId): void {
    const { graph } = this.#draft;
    for (const { node, input, output } of this.#readers) {
      const reader = graph.node(node);
      graph.setNode({ ...reader, inputs: withEntry(reader.inputs, input, { link: { node: instance, output } }) });
    }
    const ports = portsOf(this.#draft);
    const inputs = this.#promoted.map((port, at) =>
      port === ports.inputs[at]
        ? port
        : { ...port, ends: port.ends.map(([node, name]) => [node || instance, name] as const) },
    );
    const outputs = this.#shown.map((port, at) =>
      port === ports.outputs[at] || !port.end
        ? port
        : { ...port, end: [port.end[0] || instance, port.end[1]] as const },
    );
    if ([...inputs, ...outputs].some((port, at) => port !== [...ports.inputs, ...ports.outputs][at]))
      setPorts(this.#draft, { inputs, outputs });
  }

  #addInput(wanted: string, ends: InputPort["ends"], about?: string): string {
    const name = freeName(wanted, this.inputs);
    this.inputs.push({ name, ends, ...(about !== undefined && { about }) });
    return name;
  }

  #output(specs: NodeSpecs, { node, output }: Link): number {
    const at = this.outputs.findIndex(({ end }) => end?.[0] === node && end[1] === output);
    if (at >= 0) return at;
    const { graph } = this.#draft;
    const name = specOf(graph, specs, graph.node(node)).outputs[output]?.name ?? String(output);
    return this.outputs.push({ name: freeName(name, this.outputs), end: [node, output] }) - 1;
  }
}
