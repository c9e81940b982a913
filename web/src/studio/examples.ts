/** Which of the examples that come with the server use a node type, and with which values. */

import { templates } from "../api/routes.ts";
import { definitionOf } from "../document/subgraph_type.ts";
import type { Graph, Literal, Members, NodeId } from "../document/types.ts";
import { readDocument } from "../files/patchbay.ts";

export interface Example {
  /** The example's name, as the server calls it. */
  readonly name: string;
  readonly title: string;
  /** What is written in the widgets of the first such node in it. */
  readonly values: readonly (readonly [input: string, value: Literal])[];
}

/** The examples by the types of their nodes; they are fetched once, when they are first asked for. */
export class Examples {
  private read: Promise<ReadonlyMap<string, readonly Example[]>> | null = null;

  /** Raises ApiError where the server is away; the next asking tries again. */
  async of(type: string): Promise<readonly Example[]> {
    this.read ??= readAll();
    try {
      return (await this.read).get(type) ?? [];
    } catch (error) {
      this.read = null;
      throw error;
    }
  }
}

async function readAll(): Promise<ReadonlyMap<string, readonly Example[]>> {
  const list = (await templates.list()).templates;
  const members = await Promise.all(list.map(({ name }) => templates.get(name)));
  const found = new Map<string, Example[]>();
  list.forEach(({ name, title }, at) => {
    for (const [type, values] of valuesByType(members[at]!)) {
      const example = { name, title, values };
      found.set(type, [...(found.get(type) ?? []), example]);
    }
  });
  return found;
}

/** The widget values of the first node of each type in a document that has some, inside subgraphs too. */
export function valuesByType(members: Members): ReadonlyMap<string, Example["values"]> {
  const { document } = readDocument(members);
  const found = new Map<string, Example["values"]>();
  for (const graph of [document.graph, ...[...document.definitions.values()].map((each) => each.graph)]) {
    for (const id of graph.nodes.keys()) {
      const [type, values] = valuesOf(graph, id);
      if (definitionOf(type) === undefined && (found.get(type) ?? []).length === 0) found.set(type, values);
    }
  }
  return found;
}

function valuesOf(graph: Graph, id: NodeId): readonly [string, Example["values"]] {
  const { type, inputs } = graph.nodes.get(id)!;
  const values = Object.entries(inputs).flatMap(([name, value]) =>
    "literal" in value && value.literal !== "" && value.literal !== null ? [[name, value.literal] as const] : [],
  );
  return [type, values];
}
