/** Wires: an input holds at most one; what is wired later takes the place of what was there. */

import { without, withEntry } from "../changed.ts";
import type { Draft } from "../draft.ts";
import { REROUTE, REROUTED } from "../reroute.ts";
import { inputFor, outputFor, type NodeSpecs } from "../specs.ts";
import type { Link, NodeId, Point } from "../types.ts";
import { inputAt, outputAt } from "../typing.ts";
import { linkOf, wiresFrom } from "../wires.ts";

/** Where a wire ends. */
export interface Socket {
  readonly node: NodeId;
  readonly input: string;
}

/** Wire an output to an input. Whether the types agree, `refusal` of `typing.ts` says. */
export function connect(draft: Draft, from: Link, to: Socket): void {
  const node = draft.graph.node(to.node);
  const present = linkOf(node.inputs[to.input]);
  if (present?.node === from.node && present.output === from.output) return;
  draft.graph.node(from.node);
  const link: Link = { node: from.node, output: from.output };
  draft.graph.setNode({ ...node, inputs: withEntry(node.inputs, to.input, { link }) });
}

/** Take the wire off an input; the input has its default again. */
export function disconnect(draft: Draft, to: Socket): void {
  const node = draft.graph.node(to.node);
  if (linkOf(node.inputs[to.input])) draft.graph.setNode({ ...node, inputs: without(node.inputs, to.input) });
}

/** Take all wires off an output. */
export function disconnectOutput(draft: Draft, from: Link): void {
  for (const wire of Array.from(wiresFrom(draft.graph, draft.graph.wires, from.node))) {
    if (wire.from.output === from.output) disconnect(draft, { node: wire.to, input: wire.input });
  }
}

/** Put a node into a wire: the wire leads through its first fitting input and output. False where it has none. */
export function insertOnWire(draft: Draft, specs: NodeSpecs, to: Socket, inserted: NodeId): boolean {
  const { graph } = draft;
  const from = linkOf(graph.node(to.node).inputs[to.input]);
  const spec = specs.get(graph.node(inserted).type);
  if (!from || !spec || inserted === to.node || inserted === from.node) return false;
  const taken = inputFor(spec, outputAt(graph, specs, from));
  const made = outputFor(spec, inputAt(graph, specs, to.node, to.input));
  if (!taken || made === undefined) return false;
  connect(draft, from, { node: inserted, input: taken.name });
  connect(draft, { node: inserted, output: made }, to);
  return true;
}

/** Bend a wire at a place. The id of the reroute. */
export function insertReroute(draft: Draft, to: Socket, at: Point): NodeId {
  const { graph } = draft;
  const from = linkOf(graph.node(to.node).inputs[to.input]);
  const id = graph.freshId();
  const inputs = from ? { [REROUTED]: { link: from } } : {};
  graph.setNode({ id, type: REROUTE, x: at.x, y: at.y, inputs, mode: "run" });
  connect(draft, { node: id, output: 0 }, to);
  return id;
}
