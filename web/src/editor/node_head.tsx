import { useSyncExternalStore } from "react";
import type { ReactElement } from "react";

import type { NodeRun } from "../api/run.ts";
import { definitionOf } from "../document/subgraph_type.ts";
import { setCollapsed } from "../document/operations.ts";
import type { GraphNode, NodeSpec } from "../document/types.ts";
import { formatSeconds } from "../strings/format.ts";
import { t } from "../strings/index.ts";
import { useWorkspace } from "./context.ts";
import { Icon } from "./icon.tsx";
import { retitle } from "./subgraph_verbs.ts";
import { TitleField } from "./title_field.tsx";

export interface NodeHeadProps {
  readonly node: GraphNode;
  readonly spec: NodeSpec;
  readonly run: NodeRun | undefined;
}

/** The upper edge of a node: its title, and what it is at in the run. */
export function NodeHead({ node, spec, run }: NodeHeadProps): ReactElement {
  const workspace = useWorkspace();
  const { store, renaming } = workspace;
  const isRenaming = useSyncExternalStore(renaming.subscribe, () => renaming.get() === node.id);
  const title = workspace.titleOf(node);
  const isInstance = store.document.definitions.has(definitionOf(node.type) ?? "");
  const turn = (): void =>
    store.edit(t(node.collapsed ? "step.open" : "step.collapse"), (draft) =>
      setCollapsed(draft, [node.id], !node.collapsed),
    );
  return (
    <header className="node-head">
      <button
        type="button"
        className="twist nodrag"
        aria-label={t(node.collapsed ? "node.open" : "node.collapse")}
        aria-expanded={!node.collapsed}
        onClick={turn}
      />
      {isRenaming ? (
        <TitleField
          title={title}
          label={t("node.title")}
          onEnd={(next) => {
            renaming.set(null);
            if (next === title) return;
            store.edit(t("step.rename"), (draft) => retitle(draft, node, next, spec.title));
          }}
        />
      ) : (
        <span className="node-title" onDoubleClick={() => renaming.set(node.id)}>
          {title}
        </span>
      )}
      {node.mode !== "run" && (
        <span className="node-badge" title={t(`mode.${node.mode}`)}>
          <Icon name={node.mode} />
        </span>
      )}
      {workspace.specs.get(node.type) === undefined && <span className="node-badge">{t("node.unknown")}</span>}
      <Badge run={run} />
      {isInstance && (
        <button
          type="button"
          className="nodrag"
          title={t("subgraph.enter")}
          aria-label={t("subgraph.enter")}
          onClick={() => store.enter(node.id)}
        >
          <Icon name="subgraph" />
        </button>
      )}
      {run?.state === "running" && <Progress run={run} label={title} />}
    </header>
  );
}

/** How the node fares: a share of the work, seconds, or why it did not run. */
function Badge({ run }: { readonly run: NodeRun | undefined }): ReactElement | null {
  if (run === undefined) return null;
  const { state, seconds, message } = run;
  if (state === "finished" && seconds !== null) return <span className="node-badge">{formatSeconds(seconds)}</span>;
  if (state === "running") {
    const several = run.items !== null && run.items > 1;
    const at = several ? t("node.item", { item: run.item + 1, items: run.items }) : "";
    return (
      <span className="node-badge">{run.total > 0 ? `${at} ${Math.floor((100 * run.done) / run.total)} %` : at}</span>
    );
  }
  if (state === "cached" || state === "finished") {
    return (
      <span className="node-badge" title={message ?? t("state.cached")}>
        <Icon name="check" />
      </span>
    );
  }
  if (state === "failed" || state === "blocked") {
    return (
      <span className="node-badge" data-state={state} title={message ?? t(`state.${state}`)}>
        <Icon name={state === "failed" ? "error" : "warning"} />
      </span>
    );
  }
  return (
    <span className="node-badge" title={t("state.planned")}>
      <Icon name="clock" />
    </span>
  );
}

function Progress({ run, label }: { readonly run: NodeRun; readonly label: string }): ReactElement {
  const known = run.total > 0;
  return (
    <div
      className="node-progress"
      role="progressbar"
      aria-label={label}
      aria-valuenow={known ? run.done : undefined}
      aria-valuemin={0}
      aria-valuemax={known ? run.total : undefined}
      data-unknown={!known || undefined}
      style={{ "--done": known ? run.done / run.total : 1 }}
    />
  );
}
