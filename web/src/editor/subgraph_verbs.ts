/** What can be done to a subgraph as a whole: its title, one instance made independent, definitions that nobody uses. */

import type { Draft } from "../document/draft.ts";
import { detachSubgraph, dropUnused, renameSubgraph, setTitle } from "../document/operations.ts";
import { definitionOf } from "../document/subgraph_type.ts";
import type { GraphNode, NodeId } from "../document/types.ts";
import { t } from "../strings/index.ts";
import { attempt } from "./graph_verbs.ts";
import type { Workspace } from "./workspace.ts";

/** A title as it was written on a node: of an instance it is the subgraph's, so that all of them have it. */
export function retitle(draft: Draft, node: GraphNode, title: string, usual: string): void {
  const definition = definitionOf(node.type);
  if (definition === undefined || !draft.definitions.has(definition) || title === "")
    return setTitle(draft, node.id, title === usual ? "" : title);
  renameSubgraph(draft, definition, title);
  setTitle(draft, node.id, "");
}

/** Whether another instance shares the definition of this one. */
export function isShared({ store }: Workspace, node: GraphNode): boolean {
  const definition = definitionOf(node.type);
  if (definition === undefined || !store.document.definitions.has(definition)) return false;
  const graphs = ["", ...store.document.definitions.keys()];
  const alike = graphs.flatMap((id) => [...store.graph(id).nodes.values()].filter(({ type }) => type === node.type));
  return alike.length > 1;
}

/** Give each of these instances a definition of its own. */
export function detachInstances(workspace: Workspace, ids: readonly NodeId[]): void {
  const done = attempt(workspace, () =>
    workspace.store.edit(t("action.detach"), (draft) => ids.map((id) => detachSubgraph(draft, id))),
  );
  if (done !== undefined) workspace.say(t("said.done", { action: t("action.detach") }));
}

/** The definitions that no instance uses. */
export function unusedDefinitions({ store }: Workspace): readonly string[] {
  const ids = [...store.document.definitions.keys()];
  const used = new Set(["", ...ids].flatMap((id) => [...store.graph(id).nodes.values()].map(({ type }) => type)));
  return ids.filter((id) => !used.has(`subgraph:${id}`));
}

/** Remove definitions until none is left that nobody uses: one may have been the only user of another. */
export function dropAllUnused(workspace: Workspace): void {
  workspace.store.edit(t("action.drop_unused"), (draft) => {
    let dropped = true;
    while (dropped) dropped = [...draft.definitions.keys()].map((id) => dropUnused(draft, id)).some(Boolean);
  });
  workspace.say(t("said.done", { action: t("action.drop_unused") }));
}
