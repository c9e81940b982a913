/** Subgraphs: made of nodes, taken apart again, and made an instance's own. */

import { without, withEntry } from "../changed.ts";
import type { Draft, GraphDraft } from "../draft.ts";
import { boundsOfItems } from "../places.ts";
import { Refused } from "../refused.ts";
import type { NodeSpecs } from "../specs.ts";
import { definitionOf, subgraphType } from "../subgraph_type.ts";
import type { Definition, GraphId, Link, NodeId, Point, Value } from "../types.ts";
import { downstreamOf, upstreamOf } from "../typing.ts";
import { linkOf, wiresFrom } from "../wires.ts";
import { Boundary } from "./boundary.ts";
import { instancesOf, portsOf, setPorts } from "./ports.ts";

/**
 * Make a subgraph of items and put an instance in their place, with the same wires. What the graph's own ports lead to
 * inside becomes a port of the subgraph. The instance's id. Raises Refused for no nodes, and where a wire would lead
 * out of them and back in, as the instance would wait for itself.
 */
export function makeSubgraph(draft: Draft, specs: NodeSpecs, ids: Iterable<string>, title: string): NodeId {
  const { graph } = draft;
  const items = new Set(ids);
  const inside = new Set([...graph.nodes.keys()].filter((id) => items.has(id)));
  if (inside.size === 0) throw new Refused({ code: "nothing_selected" });
  const between = nodesBetween(graph, inside);
  if (between.length > 0) throw new Refused({ code: "between", nodes: between });
  const bounds = boundsOfItems(graph, specs, items)!;

  const boundary = new Boundary(draft, specs, inside);
  const id = draft.freshDefinitionId(title);
  const instance = graph.freshId();
  const kept = <Item>(table: ReadonlyMap<string, Item>): Map<string, Item> =>
    new Map([...table].filter(([key]) => items.has(key)));
  const nodes = kept(graph.nodes);
  for (const node of nodes.values()) nodes.set(node.id, boundary.innerNode(node));
  const definition: Definition = {
    id,
    title,
    graph: { nodes, frames: kept(graph.frames), notes: kept(graph.notes) },
    inputs: boundary.inputs,
    outputs: boundary.outputs,
  };
  for (const item of items) {
    graph.dropFrame(item);
    graph.dropNote(item);
    graph.dropNode(item);
  }
  draft.setDefinition(definition);
  graph.setNode({
    id: instance,
    type: subgraphType(id),
    x: bounds.x + bounds.width / 2 - 120,
    y: bounds.y,
    mode: "run",
    inputs: Object.fromEntries(boundary.wired),
  });
  boundary.reconnect(instance);
  return instance;
}

/** Put the nodes of a subgraph in the place of one of its instances, with the same wires and values. Their ids. */
export function unpackSubgraph(draft: Draft, specs: NodeSpecs, instance: NodeId): NodeId[] {
  const { graph } = draft;
  const outer = graph.node(instance);
  const definition = draft.definitions.get(definitionOf(outer.type) ?? "");
  if (!definition) throw new Refused({ code: "not_a_subgraph", node: instance });
  const inner = draft.at(definition.id);
  const bounds = boundsOfItems(inner, specs) ?? { x: 0, y: 0 };
  const shift = ({ x, y }: Point): Point => ({ x: x - bounds.x + outer.x, y: y - bounds.y + outer.y });
  const ids = new Map([...inner.nodes.keys()].map((id) => [id, graph.freshId()]));

  const given = new Map<NodeId, [string, Value][]>();
  for (const port of definition.inputs) {
    const value = outer.inputs[port.name];
    if (value) for (const [node, input] of port.ends) given.set(node, [...(given.get(node) ?? []), [input, value]]);
  }
  for (const node of inner.nodes.values()) {
    const own = Object.entries(node.inputs).map(([name, value]) => [name, withinCopy(value, ids)] as const);
    const mode = outer.mode === "run" ? node.mode : outer.mode;
    graph.setNode({
      ...node,
      ...shift(node),
      id: ids.get(node.id)!,
      mode,
      inputs: Object.fromEntries([...own, ...(given.get(node.id) ?? [])]),
    });
  }
  for (const frame of inner.frames.values()) graph.setFrame({ ...frame, ...shift(frame), id: graph.freshId() });
  for (const note of inner.notes.values()) graph.setNote({ ...note, ...shift(note), id: graph.freshId() });

  for (const wire of Array.from(wiresFrom(graph, graph.wires, instance))) {
    const reader = graph.node(wire.to);
    const source = sourceOf(definition, wire.from.output, ids);
    graph.setNode({
      ...reader,
      inputs: source ? withEntry(reader.inputs, wire.input, { link: source }) : without(reader.inputs, wire.input),
    });
  }
  const ports = portsOf(draft);
  setPorts(draft, {
    inputs: ports.inputs.map((port) => ({
      ...port,
      ends: port.ends.flatMap(([node, name]) =>
        node === instance ? endsOf(definition, name, ids) : [[node, name] as const],
      ),
    })),
    outputs: ports.outputs.map((port) => {
      if (port.end?.[0] !== instance) return port;
      const source = sourceOf(definition, port.end[1], ids);
      return { ...port, end: source ? ([source.node, source.output] as const) : null };
    }),
  });
  graph.dropNode(instance);
  return [...ids.values()];
}

/** Give an instance a definition of its own, so that editing it leaves the others as they are. The definition's id. */
export function detachSubgraph(draft: Draft, instance: NodeId): string {
  const node = draft.graph.node(instance);
  const shared = draft.definitions.get(definitionOf(node.type) ?? "");
  if (!shared) throw new Refused({ code: "not_a_subgraph", node: instance });
  const id = draft.freshDefinitionId(shared.title);
  const { nodes, frames, notes } = shared.graph;
  draft.setDefinition({ ...shared, id, title: id, graph: { nodes, frames, notes } });
  draft.graph.setNode({ ...node, type: subgraphType(id) });
  return id;
}

/** Another title for a subgraph. */
export function renameSubgraph(draft: Draft, id: GraphId, title: string): void {
  const definition = draft.definitions.get(id);
  if (definition && definition.title !== title) draft.setDefinition({ ...definition, title });
}

/** Remove a definition that has no instance; with instances it stays. Whether it went. */
export function dropUnused(draft: Draft, id: GraphId): boolean {
  if (!draft.definitions.has(id) || !instancesOf(draft, id).next().done) return false;
  draft.dropDefinition(id);
  return true;
}

/** Whether a subgraph holds a graph, directly or through others, or is it: an instance of it there would never end. */
export function holds(draft: Draft, definition: GraphId, graph: GraphId): boolean {
  const seen = new Set<GraphId>();
  const waiting = [definition];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (id === graph) return true;
    if (seen.has(id) || !draft.definitions.has(id)) continue;
    seen.add(id);
    for (const node of draft.at(id).nodes.values()) {
      const inner = definitionOf(node.type);
      if (inner !== undefined) waiting.push(inner);
    }
  }
  return false;
}

/** Nodes outside through which a wire leads out of these nodes and back in. */
function nodesBetween(graph: GraphDraft, inside: ReadonlySet<NodeId>): NodeId[] {
  const after = downstreamOf(graph, inside);
  const before = upstreamOf(graph, inside);
  return [...after].filter((id) => before.has(id) && !inside.has(id));
}

function withinCopy(value: Value, ids: ReadonlyMap<NodeId, NodeId>): Value {
  const link = linkOf(value);
  return link ? { link: { node: ids.get(link.node) ?? link.node, output: link.output } } : value;
}

function sourceOf(definition: Definition, output: number, ids: ReadonlyMap<NodeId, NodeId>): Link | undefined {
  const end = definition.outputs[output]?.end;
  const node = end ? ids.get(end[0]) : undefined;
  return end && node !== undefined ? { node, output: end[1] } : undefined;
}

function endsOf(definition: Definition, name: string, ids: ReadonlyMap<NodeId, NodeId>): (readonly [NodeId, string])[] {
  const port = definition.inputs.find((each) => each.name === name);
  return (port?.ends ?? []).flatMap(([node, input]) => (ids.has(node) ? [[ids.get(node)!, input] as const] : []));
}
