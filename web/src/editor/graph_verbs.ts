/** Verbs that need more than the document: a name, a layout that takes its time, a look at what they made. */

import { disconnect, makeSubgraph, placeItems, unpackSubgraph } from "../document/operations.ts";
import { Refused } from "../document/refused.ts";
import { definitionOf } from "../document/subgraph_type.ts";
import { t } from "../strings/index.ts";
import { reasonText } from "./refusal.tsx";
import type { Workspace } from "./workspace.ts";

/** Do something that the document may refuse; its reason is told. */
export function attempt<Result>(workspace: Workspace, act: () => Result): Result | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    workspace.services.fail(reasonText(error.reason));
    return undefined;
  }
}

export function makeSubgraphOf(workspace: Workspace): void {
  const { store, selection, specs } = workspace;
  const id = attempt(workspace, () =>
    store.edit(t("action.subgraph"), (draft) => makeSubgraph(draft, specs, selection.items, t("subgraph.new"))),
  );
  if (id === undefined) return;
  selection.set([id]);
  workspace.focused.set(id);
  workspace.renaming.set(id);
}

export function unpackSelected(workspace: Workspace): void {
  const { store, selection, specs } = workspace;
  const instances = [...selection.items].filter((id) => definitionOf(workspace.node(id)?.type ?? "") !== undefined);
  const ids = attempt(workspace, () =>
    store.edit(t("action.unpack"), (draft) => instances.flatMap((id) => unpackSubgraph(draft, specs, id))),
  );
  if (ids !== undefined) selection.set(ids);
}

export function enterSelected(workspace: Workspace): void {
  const { store, selection } = workspace;
  const instance = [...selection.items].find((id) => definitionOf(workspace.node(id)?.type ?? "") !== undefined);
  if (instance !== undefined) store.enter(instance);
}

export function removeWire(workspace: Workspace): void {
  const wire = workspace.wire.get();
  if (wire === null) return;
  workspace.store.edit(t("step.disconnect"), (draft) => disconnect(draft, wire.to));
  workspace.wire.set(null);
  workspace.say(t("said.disconnected"));
}

/** Lay out what is selected, or everything, from left to right. */
export async function arrangeAll(workspace: Workspace): Promise<void> {
  const { store, selection, specs } = workspace;
  const { layOut } = await import("../document/layout.ts");
  const chosen =
    selection.items.size > 1 ? [...selection.items].filter((id) => workspace.node(id) !== undefined) : undefined;
  const places = await layOut(store.graph(), specs, chosen);
  store.edit(t("action.layout"), (draft) => placeItems(draft, places));
  const rect = workspace.boundsOf(chosen);
  if (rect !== null && chosen === undefined) workspace.view.fit(rect);
}
