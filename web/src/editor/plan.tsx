import { useSyncExternalStore } from "react";
import type { ReactElement } from "react";

import type { NodeId } from "../document/types.ts";
import { t } from "../strings/index.ts";
import { useWorkspace } from "./context.ts";
import { Icon } from "./icon.tsx";

/** What a run does with a node, in the server's words. */
export interface Why {
  readonly runs: boolean;
  readonly reason: string;
}

/** By what runs call the nodes. */
export type Plan = ReadonlyMap<NodeId, Why>;

/** What a plan says of a node; of a subgraph, how many of its nodes run. */
export function whyOf(plan: Plan, path: NodeId): Why | undefined {
  const own = plan.get(path);
  if (own !== undefined) return own;
  const inner = [...plan].filter(([id]) => id.startsWith(`${path}:`)).map(([, why]) => why);
  if (inner.length === 0) return undefined;
  const count = inner.filter(({ runs }) => runs).length;
  return { runs: count > 0, reason: t("explain.inside", { count, all: inner.length }) };
}

/** Above a node, while it is asked for: whether the node would run now, and why. */
export function PlanLabel({ id }: { readonly id: NodeId }): ReactElement | null {
  const workspace = useWorkspace();
  const { plan } = workspace;
  const asked = useSyncExternalStore(plan.subscribe, () => plan.get());
  if (asked === null) return null;
  const why = whyOf(asked, workspace.runId(id)) ?? { runs: false, reason: t("inspector.not_run") };
  return (
    <p className="node-why" data-runs={why.runs || undefined}>
      <Icon name={why.runs ? "play" : "check"} />
      <span>
        {t(why.runs ? "explain.runs" : "explain.kept")}: {why.reason}
      </span>
    </p>
  );
}
