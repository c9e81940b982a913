import type { ReactElement } from "react";
import { useEffect, useState, useSyncExternalStore } from "react";

import { documents } from "../api/routes.ts";
import type { NodeRun } from "../api/run.ts";
import type { GraphNode } from "../document/types.ts";
import { whyOf, type Why } from "../editor/plan.tsx";
import { writeDocument } from "../files/patchbay.ts";
import { formatSeconds } from "../strings/format.ts";
import { t } from "../strings/index.ts";
import { useDocument, useRun, useStudio, useTab } from "../studio/context.ts";
import { guarded } from "../studio/opening.ts";
import type { Tab } from "../studio/tab.ts";
import { useTopic } from "../studio/topic.ts";
import { NodeHelp } from "./node_help.tsx";
import { Empty } from "./parts.tsx";

/** The selected node: what it is for, how its last run went, and why it would run again. */
export function InspectorPanel(): ReactElement {
  const tab = useTab();
  useDocument(tab);
  const selected = useSyncExternalStore(
    (listener) => tab.selection.subscribe(listener),
    () => tab.selection.items,
  );
  const nodes = [...selected].flatMap((id) => tab.store.graph().nodes.get(id) ?? []);
  if (nodes.length === 0) return <Empty icon="info" text={t("inspector.none")} />;
  if (nodes.length > 1) return <Empty icon="info" text={t("inspector.several", { count: nodes.length })} />;
  return <NodeFacts key={nodes[0]!.id} tab={tab} node={nodes[0]!} />;
}

function NodeFacts({ tab, node }: { readonly tab: Tab; readonly node: GraphNode }): ReactElement {
  const run = useRun(useTopic(tab.run));
  const state = run?.node(tab.runId(node.id));
  const reasons = useTopic(tab.workspace.reasons);
  const spec = tab.workspace.spec(node);
  return (
    <div className="panel inspector">
      <h3>{tab.workspace.titleOf(node)}</h3>
      <p className="muted mono">
        {node.type} · {node.id}
      </p>
      {state !== undefined && <RunFacts state={state} why={reasons && whyOf(reasons, tab.runId(node.id))} />}
      <WhyRun tab={tab} id={tab.runId(node.id)} />
      <NodeHelp spec={spec} />
    </div>
  );
}

function RunFacts({ state, why }: { readonly state: NodeRun; readonly why: Why | null | undefined }): ReactElement {
  return (
    <section className="panel-section">
      <h4>{t("inspector.last_run")}</h4>
      <p>
        {t(`state.${state.state}`)}
        {state.seconds !== null && ` · ${formatSeconds(state.seconds)}`}
      </p>
      {why != null && (
        <p className="muted">
          {t(why.runs ? "explain.ran" : "explain.kept")}: {why.reason}
        </p>
      )}
      {state.message !== null && (
        <p className={state.state === "failed" ? "banner danger" : "muted"}>{state.message}</p>
      )}
      {state.warnings.map((warning) => (
        <p key={warning} className="banner warning">
          {warning}
        </p>
      ))}
      {state.notes.map((note) => (
        <p key={note} className="muted">
          {note}
        </p>
      ))}
    </section>
  );
}

/** Asks the server, when it is wanted, whether the node would run and why. */
function WhyRun({ tab, id }: { readonly tab: Tab; readonly id: string }): ReactElement {
  const studio = useStudio();
  const revision = tab.store.revision;
  const [answer, setAnswer] = useState<string | null>(null);
  useEffect(() => setAnswer(null), [revision]);
  const ask = (): void =>
    void guarded(studio, async () => {
      const { nodes } = await documents.explain(writeDocument(tab.store.document));
      const found = nodes[id];
      setAnswer(found === undefined ? t("inspector.not_run") : found.reason);
    });
  return (
    <section className="panel-section">
      <button type="button" onClick={ask}>
        {t("inspector.why")}
      </button>
      {answer !== null && <p role="status">{answer}</p>}
    </section>
  );
}
