/** The named inputs and outputs of the workflow and of its subgraphs. */

import { changed, without, withEntry } from "../changed.ts";
import type { Draft } from "../draft.ts";
import { Refused } from "../refused.ts";
import { subgraphType } from "../subgraph_type.ts";
import type { GraphId, GraphNode, InputPort, Link, NodeId, OutputPort } from "../types.ts";
import { linkOf, wiresFrom } from "../wires.ts";
import type { GraphDraft } from "../draft.ts";
import type { Socket } from "./wires.ts";

export interface Ports {
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
}

/** The ports of the graph that the draft is about. */
export function portsOf(draft: Draft, graph: GraphId = draft.graph.id): Ports {
  if (graph === "") return draft.head;
  const definition = draft.definitions.get(graph);
  if (!definition) throw new RangeError(`there is no subgraph ${JSON.stringify(graph)}`);
  return definition;
}

/** Only the ports: what instances are wired to them, the verbs below keep in step. */
export function setPorts(draft: Draft, ports: Partial<Ports>, graph: GraphId = draft.graph.id): void {
  if (graph === "") draft.setHead(ports);
  else draft.setDefinition({ ...draft.definitions.get(graph)!, ...ports });
}

/** Make an input of a node a named input of the graph, or let an input that there is feed it too. Its name. */
export function promoteInput(draft: Draft, end: Socket, name: string = end.input): string {
  const { inputs } = portsOf(draft);
  if (inputs.some((port) => isAmong(port, end))) return inputs.find((port) => isAmong(port, end))!.name;
  const free = freeName(name, inputs);
  setPorts(draft, { inputs: [...inputs, { name: free, ends: [[end.node, end.input]] }] });
  return free;
}

/** Let a named input feed one more node input, which no other one feeds then. */
export function feedAlso(draft: Draft, name: string, end: Socket): void {
  const inputs = portsOf(draft).inputs.map((port) => {
    const others = port.ends.filter(([node, input]) => node !== end.node || input !== end.input);
    return port.name === name
      ? { ...port, ends: [...others, [end.node, end.input] as const] }
      : others.length === port.ends.length
        ? port
        : { ...port, ends: others };
  });
  setPorts(draft, { inputs });
}

/** Make an output of a node a named output of the graph. Its name. */
export function promoteOutput(draft: Draft, from: Link, name: string): string {
  const { outputs } = portsOf(draft);
  const present = outputs.find(({ end }) => end?.[0] === from.node && end[1] === from.output);
  if (present) return present.name;
  const free = freeName(name, outputs);
  setPorts(draft, { outputs: [...outputs, { name: free, end: [from.node, from.output] }] });
  return free;
}

/** Another name for a port; instances keep their wires and values. Raises Refused where it is taken. */
export function renamePort(draft: Draft, side: keyof Ports, from: string, to: string): void {
  const ports = portsOf(draft);
  if (from === to) return;
  if (to === "" || ports[side].some((port) => port.name === to)) throw new Refused({ code: "name_taken", name: to });
  if (side === "outputs") {
    setPorts(draft, { outputs: ports.outputs.map((port) => (port.name === from ? { ...port, name: to } : port)) });
    return;
  }
  setPorts(draft, { inputs: ports.inputs.map((port) => (port.name === from ? { ...port, name: to } : port)) });
  for (const [graph, node] of instancesOf(draft, draft.graph.id)) {
    const inputs = Object.entries(node.inputs).map(([name, value]) => [name === from ? to : name, value]);
    const controls =
      node.controls && Object.entries(node.controls).map(([name, control]) => [name === from ? to : name, control]);
    graph.setNode(
      changed(node, { inputs: Object.fromEntries(inputs), controls: controls && Object.fromEntries(controls) }),
    );
    moveEnds(draft, graph.id, [node.id, from], [node.id, to]);
  }
}

/** What a port is for, in words. */
export function describePort(draft: Draft, side: keyof Ports, name: string, about: string): void {
  const words = { about: about === "" ? undefined : about };
  const ports = portsOf(draft);
  if (side === "inputs")
    setPorts(draft, { inputs: ports.inputs.map((port) => (port.name === name ? changed(port, words) : port)) });
  else setPorts(draft, { outputs: ports.outputs.map((port) => (port.name === name ? changed(port, words) : port)) });
}

/** Remove a port, and what instances have wired to it. */
export function removePort(draft: Draft, side: keyof Ports, name: string): void {
  const ports = portsOf(draft);
  if (side === "outputs") {
    const kept = ports.outputs.flatMap((port, at) => (port.name === name ? [] : [at]));
    arrangeOutputs(draft, kept);
    return;
  }
  setPorts(draft, { inputs: ports.inputs.filter((port) => port.name !== name) });
  for (const [graph, node] of instancesOf(draft, draft.graph.id)) {
    graph.setNode(
      changed(node, { inputs: without(node.inputs, name), controls: node.controls && without(node.controls, name) }),
    );
    moveEnds(draft, graph.id, [node.id, name], undefined);
  }
}

/** Put a port before the one that has this place now. */
export function movePort(draft: Draft, side: keyof Ports, from: number, to: number): void {
  const ports = portsOf(draft);
  const order = ports[side].map((_, at) => at);
  order.splice(to, 0, ...order.splice(from, 1));
  if (side === "inputs") setPorts(draft, { inputs: order.map((at) => ports.inputs[at]!) });
  else arrangeOutputs(draft, order);
}

/** Instances of a definition in all graphs, each with its graph. */
export function* instancesOf(draft: Draft, definition: GraphId): Generator<readonly [GraphDraft, GraphNode]> {
  if (definition === "") return;
  const type = subgraphType(definition);
  for (const graph of draft.graphs()) {
    for (const node of Array.from(graph.nodes.values())) if (node.type === type) yield [graph, node];
  }
}

/** Nodes have gone: no port leads to them any more. */
export function forgetEnds(draft: Draft, gone: ReadonlySet<NodeId>): void {
  const { inputs, outputs } = portsOf(draft);
  const cutInputs = inputs.map((port) =>
    port.ends.some(([node]) => gone.has(node))
      ? { ...port, ends: port.ends.filter(([node]) => !gone.has(node)) }
      : port,
  );
  const cutOutputs = outputs.map((port) => (port.end && gone.has(port.end[0]) ? { ...port, end: null } : port));
  const differs = [...cutInputs, ...cutOutputs].some((port, at) => port !== [...inputs, ...outputs][at]);
  if (differs) setPorts(draft, { inputs: cutInputs, outputs: cutOutputs });
}

/** Ports of a graph that lead to one node input lead to another one, or no longer to any. */
function moveEnds(
  draft: Draft,
  graph: GraphId,
  from: readonly [NodeId, string],
  to: readonly [NodeId, string] | undefined,
): void {
  const { inputs } = portsOf(draft, graph);
  const isFrom = ([node, name]: readonly [NodeId, string]): boolean => node === from[0] && name === from[1];
  if (!inputs.some((port) => port.ends.some(isFrom))) return;
  const moved = inputs.map((port) => ({
    ...port,
    ends: port.ends.flatMap((end) => (isFrom(end) ? (to ? [to] : []) : [end])),
  }));
  setPorts(draft, { inputs: moved }, graph);
}

/** A name that no port has: the one that is wanted, or that with a number. */
export function freeName(wanted: string, ports: readonly { readonly name: string }[]): string {
  let name = wanted;
  for (let number = 2; ports.some((port) => port.name === name); number++) name = `${wanted} ${number}`;
  return name;
}

/** Keep these outputs in this order; what reads an instance follows them. */
function arrangeOutputs(draft: Draft, kept: readonly number[]): void {
  const { outputs } = portsOf(draft);
  setPorts(draft, { outputs: kept.map((at) => outputs[at]!) });
  const moved = new Map(kept.map((from, to) => [from, to]));
  for (const [graph, instance] of instancesOf(draft, draft.graph.id)) {
    for (const wire of Array.from(wiresFrom(graph, graph.wires, instance.id))) {
      const reader = graph.node(wire.to);
      const to = moved.get(wire.from.output);
      const inputs =
        to === undefined
          ? without(reader.inputs, wire.input)
          : withEntry(reader.inputs, wire.input, { link: { node: instance.id, output: to } });
      if (linkOf(reader.inputs[wire.input])?.output !== to) graph.setNode({ ...reader, inputs });
    }
    const ports = portsOf(draft, graph.id).outputs.map((port): OutputPort => {
      if (port.end?.[0] !== instance.id) return port;
      const to = moved.get(port.end[1]);
      return { ...port, end: to === undefined ? null : [instance.id, to] };
    });
    setPorts(draft, { outputs: ports }, graph.id);
  }
}

function isAmong(port: InputPort, end: Socket): boolean {
  return port.ends.some(([node, input]) => node === end.node && input === end.input);
}
