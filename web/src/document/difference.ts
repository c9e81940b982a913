/** What differs between the parameters of two workflows, as the gallery shows it for two pictures. */

import type { GraphNode, Literal, NodeId, Value, WorkflowDocument } from "./types.ts";
import { linkOf } from "./wires.ts";

/** One value that differs. `undefined` is on the side that does not say it. */
export interface Difference {
  /** Node ids from the outside in; in the second workflow they may be others. */
  readonly path: readonly NodeId[];
  readonly type: string;
  readonly title: string | undefined;
  readonly input: string;
  readonly from: Literal | undefined;
  readonly to: Literal | undefined;
}

/** What was added, went, or has another value; wires only as far as nodes came and went. */
export interface Differences {
  readonly values: readonly Difference[];
  readonly added: readonly GraphNode[];
  readonly removed: readonly GraphNode[];
}

type Nodes = ReadonlyMap<NodeId, GraphNode>;

/** Nodes are held against each other by id where the type agrees, then by type, title and order. */
export function differenceOf(from: WorkflowDocument, to: WorkflowDocument): Differences {
  const found = differenceOfGraphs(from.graph.nodes, to.graph.nodes, []);
  const inner = [...from.definitions.values()].flatMap((definition) => {
    const other = to.definitions.get(definition.id);
    return other ? [differenceOfGraphs(definition.graph.nodes, other.graph.nodes, [definition.id])] : [];
  });
  const all = [found, ...inner];
  return {
    values: all.flatMap(({ values }) => values),
    added: all.flatMap(({ added }) => added),
    removed: all.flatMap(({ removed }) => removed),
  };
}

function differenceOfGraphs(from: Nodes, to: Nodes, path: readonly NodeId[]): Differences {
  const pairs = paired(from, to);
  const met = new Set(pairs.values());
  return {
    values: [...pairs].flatMap(([one, other]) => valuesThatDiffer(one, other, path)),
    added: [...to.values()].filter((node) => !met.has(node)),
    removed: [...from.values()].filter((node) => !pairs.has(node)),
  };
}

function paired(from: Nodes, to: Nodes): Map<GraphNode, GraphNode> {
  const pairs = new Map<GraphNode, GraphNode>();
  for (const node of from.values()) {
    const same = to.get(node.id);
    if (same?.type === node.type) pairs.set(node, same);
  }
  for (const keyOf of [({ type, title }: GraphNode) => `${type}\n${title ?? ""}`, ({ type }: GraphNode) => type]) {
    const met = new Set(pairs.values());
    const free = new Map<string, GraphNode[]>();
    for (const node of Array.from(to.values()).toReversed()) {
      if (met.has(node)) continue;
      const alike = free.get(keyOf(node));
      if (alike) alike.push(node);
      else free.set(keyOf(node), [node]);
    }
    for (const node of from.values()) {
      const other = pairs.has(node) ? undefined : free.get(keyOf(node))?.pop();
      if (other) pairs.set(node, other);
    }
  }
  return pairs;
}

function valuesThatDiffer(one: GraphNode, other: GraphNode, path: readonly NodeId[]): Difference[] {
  const names = new Set([...Object.keys(one.inputs), ...Object.keys(other.inputs)]);
  return Array.from(names).flatMap((input) => {
    const [before, after] = [one.inputs[input], other.inputs[input]];
    if (linkOf(before) && linkOf(after)) return [];
    const [from, to] = [literalOf(before), literalOf(after)];
    if (sameLiteral(from, to)) return [];
    return [{ path: [...path, one.id], type: one.type, title: other.title ?? one.title, input, from, to }];
  });
}

function literalOf(value: Value | undefined): Literal | undefined {
  return value && "literal" in value ? value.literal : undefined;
}

/** Whether two values are the same one in a file; 1 and 1n are. */
export function sameLiteral(one: Literal | undefined, other: Literal | undefined): boolean {
  if (one === other) return true;
  if (typeof one === "bigint" || typeof other === "bigint")
    return (typeof one === "number" || typeof other === "number") && one == other;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [first, second] = [Object.entries(one), new Map(Object.entries(other))];
  return (
    first.length === second.size &&
    first.every(([name, value]) => second.has(name) && sameLiteral(value, second.get(name)))
  );
}
