import { createContext, useContext, useSyncExternalStore } from "react";

import type { NodeRun } from "../api/run.ts";
import type { Problem } from "../api/types.ts";
import type { GraphNode, NodeId } from "../document/types.ts";
import { FAR, MIDDLE } from "./view.ts";
import type { Workspace } from "./workspace.ts";

export const WorkspaceContext = createContext<Workspace | null>(null);

/** The tab's workspace. Raises Error outside an editor. */
export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext);
  if (workspace === null) throw new Error("this belongs inside an Editor");
  return workspace;
}

/** A node of the graph that is edited; undefined once it is gone. */
export function useNode(id: NodeId): GraphNode | undefined {
  const { store } = useWorkspace();
  const graph = store.path;
  return useSyncExternalStore(
    (listener) => store.subscribeNode(graph, id, listener),
    () => store.graph(graph).nodes.get(id),
  );
}

export function useRun(id: NodeId): NodeRun | undefined {
  const workspace = useWorkspace();
  const path = workspace.runId(id);
  return useSyncExternalStore(
    (listener) => workspace.runs.subscribeNode(path, listener),
    () => workspace.runs.node(path),
  );
}

export function useProblems(id: NodeId): readonly Problem[] {
  const workspace = useWorkspace();
  const path = workspace.runId(id);
  return useSyncExternalStore(
    (listener) => workspace.runs.subscribeNode(path, listener),
    () => workspace.runs.problems(path),
  );
}

export type Detail = "full" | "text" | "painted";

/** How much of a node can be made out at the present zoom. */
export function useDetail(): Detail {
  const { view } = useWorkspace();
  return useSyncExternalStore(view.subscribe, () => detailAt(view.zoom));
}

export function detailAt(zoom: number): Detail {
  return zoom < FAR ? "painted" : zoom < MIDDLE ? "text" : "full";
}
