/** From what jobs and problems call a node to where it stands: through subgraphs, and to its widget. */

import type { Problem } from "../api/types.ts";
import type { GraphNode, NodeId } from "../document/types.ts";
import { definitionOf } from "../document/subgraph_type.ts";
import { focusSoon } from "../editor/focus.ts";
import { fieldId } from "../editor/input_field.tsx";
import type { Studio } from "./studio.ts";
import type { Tab } from "./tab.ts";

interface Standing {
  /** The instances that lead to it. */
  readonly trail: readonly NodeId[];
  readonly node: GraphNode;
}

/** The node of the document that is meant by `instance:inner`, or by `node/3` of an expansion. */
export function standing(tab: Tab, id: NodeId): Standing | null {
  const { store } = tab;
  const steps = store.graph("").nodes.has(id) ? [id] : id.split("/")[0]!.split(":");
  let graph = store.graph("");
  for (const [index, step] of steps.entries()) {
    const node = graph.nodes.get(step);
    if (node === undefined) return null;
    const definition = definitionOf(node.type);
    if (index === steps.length - 1 || definition === undefined) return { trail: steps.slice(0, index), node };
    graph = store.graph(definition);
  }
  return null;
}

/** What the node is called where it is shown. */
export function nodeTitle(tab: Tab, id: NodeId): string {
  const found = standing(tab, id);
  return found === null ? id : tab.workspace.titleOf(found.node);
}

/** Show where a problem is: its node in sight and selected, its widget with the focus. */
export function reveal(studio: Studio, tab: Tab, { node, input }: Pick<Problem, "node" | "input">): void {
  const found = node === null ? null : standing(tab, node);
  if (found === null) return;
  studio.show(tab);
  tab.view.set("graph");
  tab.store.goTo(found.trail);
  requestAnimationFrame(() => {
    tab.workspace.goTo(found.node.id);
    if (input !== null) focusSoon(() => document.getElementById(fieldId(found.node.id, input)));
  });
}
