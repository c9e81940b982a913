/** Actions about what a graph is to others: named inputs and outputs, subgraphs that are shared, frames that fit. */

import { fitFrame } from "../document/operations.ts";
import { suggestedInputs } from "../document/suggestions.ts";
import { definitionOf } from "../document/subgraph_type.ts";
import type { GraphNode } from "../document/types.ts";
import { t, type Key } from "../strings/index.ts";
import type { Action } from "./actions.ts";
import { nameableOf, nameUsual, portsNow } from "./naming.ts";
import { detachInstances, dropAllUnused, isShared, unusedDefinitions } from "./subgraph_verbs.ts";
import type { Workspace } from "./workspace.ts";

/** A part of the list of `editorActions`. */
export function structureActions(workspace: Workspace): Action[] {
  const { store, selection, specs, overlay } = workspace;
  const action = (group: "node" | "group", name: string, run: () => void, enabled: () => boolean): Action => ({
    name: `${group}.${name}`,
    label: t(`action.${name}` as Key),
    group: t(`group.${group}`),
    keys: [],
    enabled,
    run,
  });
  const nodes = (): GraphNode[] => [...selection.items].flatMap((id) => workspace.node(id) ?? []);
  const only = (): GraphNode | undefined => (selection.items.size === 1 ? nodes()[0] : undefined);
  const shared = (): GraphNode[] => nodes().filter((node) => isShared(workspace, node));
  const frames = (): string[] => [...selection.items].filter((id) => store.graph().frames.has(id));
  return [
    action(
      "node",
      "name_port",
      () => overlay.set({ kind: "name", at: { x: innerWidth / 2 - 160, y: 96 }, node: only()!.id }),
      () => {
        const node = only();
        if (node === undefined) return false;
        const { inputs, outputs } = nameableOf(workspace, node.id);
        return inputs.length + outputs.length > 0;
      },
    ),
    action(
      "node",
      "name_usual",
      () => void nameUsual(workspace),
      () =>
        store.path === "" &&
        portsNow(workspace).inputs.length === 0 &&
        suggestedInputs(store.graph(), specs).length > 0,
    ),
    action(
      "group",
      "fit_frame",
      () => store.edit(t("action.fit_frame"), (draft) => frames().forEach((id) => fitFrame(draft, specs, id))),
      () => frames().length > 0,
    ),
    action(
      "group",
      "detach",
      () =>
        detachInstances(
          workspace,
          shared().map(({ id }) => id),
        ),
      () => nodes().some(({ type }) => definitionOf(type) !== undefined) && shared().length > 0,
    ),
    action(
      "group",
      "drop_unused",
      () => dropAllUnused(workspace),
      () => unusedDefinitions(workspace).length > 0,
    ),
  ];
}
