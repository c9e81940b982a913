/** Placing nodes, and changing what one says. Ids may be those of frames and notes as well where the verb says "items". */

import { changed, without, withEntry } from "../changed.ts";
import type { Draft } from "../draft.ts";
import { Refused } from "../refused.ts";
import { takesLiteral } from "../specs.ts";
import { definitionOf } from "../subgraph_type.ts";
import type {
  Control,
  GraphId,
  GraphNode,
  InputSpec,
  Literal,
  Mode,
  NodeId,
  NodeSpec,
  Point,
  Value,
} from "../types.ts";
import { linkOf, wiresInto } from "../wires.ts";
import { forgetEnds } from "./ports.ts";
import { holds } from "./subgraphs.ts";

/** The names of a source that choices are made from, as the server lists them. */
export type Choices = (source: string) => readonly string[];

/**
 * Place a node of a type with the values that a new one has; an instance of a subgraph has those of the subgraph. Its
 * id. Raises Refused for a subgraph within itself.
 */
export function addNode(draft: Draft, spec: NodeSpec, at: Point, choices: Choices = () => []): NodeId {
  const definition = definitionOf(spec.name);
  if (definition !== undefined) return addInstance(draft, definition, spec, at);
  const inputs: [string, Value][] = [];
  const controls: [string, Control][] = [];
  for (const input of spec.inputs) {
    const literal = initialValue(input, choices);
    if (literal === undefined) continue;
    inputs.push([input.name, { literal }]);
    if (input.widget?.kind === "Seed") controls.push([input.name, "randomize"]);
  }
  const id = draft.graph.freshId();
  const node: GraphNode = { id, type: spec.name, x: at.x, y: at.y, inputs: Object.fromEntries(inputs), mode: "run" };
  draft.graph.setNode(controls.length > 0 ? { ...node, controls: Object.fromEntries(controls) } : node);
  return id;
}

function addInstance(draft: Draft, definition: GraphId, spec: NodeSpec, { x, y }: Point): NodeId {
  if (holds(draft, definition, draft.graph.id)) throw new Refused({ code: "recursive", title: spec.title });
  const id = draft.graph.freshId();
  draft.graph.setNode({ id, type: spec.name, x, y, inputs: {}, mode: "run" });
  return id;
}

/** What a new node writes into an input: its default, else the first value that will do; undefined for what is left open. */
export function initialValue(input: InputSpec, choices: Choices): Literal | undefined {
  if (!takesLiteral(input) || input.growing !== null) return undefined;
  if (input.default !== null) return input.default;
  if (!input.required) return undefined;
  const { widget } = input;
  if (widget?.kind === "Choice") return choices(widget.source)[0];
  if (widget?.kind === "Options") return widget.values[0];
  if (widget?.kind === "Range") return widget.low > 0 ? widget.low : widget.high < 0 ? widget.high : 0;
  if (input.socket === "BOOLEAN") return false;
  return input.socket === "STRING" ? "" : 0;
}

/** Remove nodes, frames and notes, with the wires and the ports that lead to them. */
export function removeItems(draft: Draft, ids: Iterable<string>): void {
  const { graph } = draft;
  const gone = new Set<NodeId>();
  for (const id of ids) {
    if (graph.nodes.has(id)) gone.add(id);
    graph.dropFrame(id);
    graph.dropNote(id);
  }
  for (const id of gone) {
    for (const reader of Array.from(graph.wires.readers(id))) {
      if (gone.has(reader)) continue;
      const node = graph.node(reader);
      const kept = Object.entries(node.inputs).filter(([, value]) => linkOf(value)?.node !== id);
      graph.setNode({ ...node, inputs: Object.fromEntries(kept) });
    }
  }
  for (const id of gone) graph.dropNode(id);
  forgetEnds(draft, gone);
}

/** Move items by a distance. */
export function moveItems(draft: Draft, ids: Iterable<string>, { x, y }: Point): void {
  for (const id of ids) {
    const place = placeOf(draft, id);
    if (place) placeItem(draft, id, { x: place.x + x, y: place.y + y });
  }
}

/** Put one item at a place. */
export function placeItem(draft: Draft, id: string, { x, y }: Point): void {
  changeItem(draft, id, { x, y });
}

/** Give an item another area; undefined sides are as the node list says again. */
export function resize(
  draft: Draft,
  id: string,
  area: { readonly x?: number; readonly y?: number; readonly width?: number; readonly height?: number },
): void {
  changeItem(draft, id, area);
}

/** A colour for items; undefined for the usual one. */
export function setColor(draft: Draft, ids: Iterable<string>, color: string | undefined): void {
  for (const id of ids) changeItem(draft, id, { color });
}

/** Collapse nodes and frames, or open them. */
export function setCollapsed(draft: Draft, ids: Iterable<string>, collapsed: boolean): void {
  const { graph } = draft;
  for (const id of ids) {
    const node = graph.nodes.get(id);
    const frame = graph.frames.get(id);
    if (node) graph.setNode(changed(node, { collapsed: collapsed || undefined }));
    if (frame) graph.setFrame(changed(frame, { collapsed: collapsed || undefined }));
  }
}

/** A title for a node or a frame; an empty one gives a node its type's title again. */
export function setTitle(draft: Draft, id: string, title: string): void {
  const node = draft.graph.nodes.get(id);
  const frame = draft.graph.frames.get(id);
  if (node) draft.graph.setNode(changed(node, { title: title === "" ? undefined : title }));
  if (frame) draft.graph.setFrame(changed(frame, { title }));
}

/** Let nodes run, leave them out, or pass them by. */
export function setMode(draft: Draft, ids: Iterable<NodeId>, mode: Mode): void {
  for (const id of ids) {
    const node = draft.graph.nodes.get(id);
    if (node) draft.graph.setNode(changed(node, { mode }));
  }
}

/** Write a value into an input, in place of a wire or another value. */
export function setInput(draft: Draft, id: NodeId, input: string, literal: Literal): void {
  const node = draft.graph.node(id);
  const present = node.inputs[input];
  if (present && "literal" in present && present.literal === literal) return;
  draft.graph.setNode({ ...node, inputs: withEntry(node.inputs, input, { literal }) });
}

/** Take value or wire out of an input, so that it has its default again. */
export function clearInput(draft: Draft, id: NodeId, input: string): void {
  const node = draft.graph.node(id);
  if (input in node.inputs) draft.graph.setNode({ ...node, inputs: without(node.inputs, input) });
}

/** The values that a new node would have; wires stay. */
export function resetInputs(draft: Draft, id: NodeId, spec: NodeSpec, choices: Choices): void {
  const node = draft.graph.node(id);
  const links = [...wiresInto(node)].map((wire): [string, Value] => [wire.input, { link: wire.from }]);
  const fresh = spec.inputs.flatMap((input): [string, Value][] => {
    const literal = initialValue(input, choices);
    return literal === undefined ? [] : [[input.name, { literal }]];
  });
  draft.graph.setNode({ ...node, inputs: Object.fromEntries([...fresh, ...links]) });
}

function placeOf({ graph }: Draft, id: string): Point | undefined {
  return graph.nodes.get(id) ?? graph.frames.get(id) ?? graph.notes.get(id);
}

interface ItemChange {
  readonly x?: number;
  readonly y?: number;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly color?: string | undefined;
}

function changeItem({ graph }: Draft, id: string, change: ItemChange): void {
  const [node, frame, note] = [graph.nodes.get(id), graph.frames.get(id), graph.notes.get(id)];
  if (node) graph.setNode(changed(node, change));
  if (frame) graph.setFrame(changed(frame, change));
  if (note) graph.setNote(changed(note, change));
}
