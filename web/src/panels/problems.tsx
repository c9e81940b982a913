import type { ReactElement } from "react";

import type { Problem } from "../api/types.ts";
import { Icon } from "../editor/icon.tsx";
import { t } from "../strings/index.ts";
import { useRun, useStudio, useTab } from "../studio/context.ts";
import { nodeTitle, reveal } from "../studio/places.ts";
import { troublesOf } from "../studio/troubles.ts";
import { useTopic } from "../studio/topic.ts";
import { Keys } from "./keys.tsx";
import { Empty } from "./parts.tsx";

/** What is wrong with the workflow, and where; a press goes there. */
export function ProblemsPanel(): ReactElement {
  const studio = useStudio();
  const tab = useTab();
  const troubles = troublesOf(useTopic(tab.problems), useRun(useTopic(tab.run)));
  const missing = useTopic(tab.missing);
  return (
    <div className="panel">
      {missing !== null && (
        <div className="banner warning missing">
          <strong>{t("missing.title")}</strong>
          {missing.nodes.length > 0 && <p>{t("missing.nodes", { names: missing.nodes.join(", ") })}</p>}
          {missing.models.length > 0 && <p>{t("missing.models", { names: missing.models.join(", ") })}</p>}
          <button type="button" onClick={() => tab.missing.set(null)}>
            {t("missing.close")}
          </button>
        </div>
      )}
      {troubles.length === 0 ? (
        <Empty icon="check" text={t("problems.none")} />
      ) : (
        <p className="muted small">
          <Keys combination="F8" /> {t("problems.next_tip")}
        </p>
      )}
      <ul className="rows">
        {troubles.map((problem) => (
          <li key={`${problem.node}/${problem.input}/${problem.message}`}>
            <button
              type="button"
              className="row problem"
              data-severity={problem.severity}
              disabled={problem.node === null}
              onClick={() => reveal(studio, tab, problem)}
            >
              <Icon name={problem.severity === "error" ? "error" : "warning"} />
              <span className="row-main">
                <span>{problem.message}</span>
                {problem.node !== null && <small>{placeOf(problem, nodeTitle(tab, problem.node))}</small>}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function placeOf({ input }: Problem, title: string): string {
  return input === null ? title : `${title} · ${input.replaceAll("_", " ")}`;
}
