/** Inside a subgraph: which sockets of a node are wired to what lies outside, so that they do not look unused. */

import { createContext, useCallback, useSyncExternalStore } from "react";

import type { NodeId } from "../document/types.ts";
import { useWorkspace } from "./context.ts";
import { endsOutside } from "./naming.ts";

/** The handles of the node around, one a line. */
export const EndsOutside = createContext("");

export function useEndsOutside(id: NodeId): string {
  const workspace = useWorkspace();
  const { store } = workspace;
  const subscribe = useCallback((listener: () => void) => store.subscribe(listener), [store]);
  return useSyncExternalStore(subscribe, () => endsOutside(workspace, id).join("\n"));
}
