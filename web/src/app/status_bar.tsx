import type { ReactElement } from "react";
import { useEffect } from "react";

import { progressOf } from "../api/progress.ts";
import type { JobRun } from "../api/run.ts";
import { formatSeconds } from "../strings/format.ts";
import { t } from "../strings/index.ts";
import { useQueue, useRun, useStudio, useTab } from "../studio/context.ts";
import { nodeTitle } from "../studio/places.ts";
import { useTopic } from "../studio/topic.ts";

/** How far the shown job is, in the page and in its title, and whether the server is there. */
export function StatusBar(): ReactElement {
  const studio = useStudio();
  useQueue();
  const tab = useTab();
  const run = useRun(useTopic(tab.run));
  const { connected } = studio.runs;
  useEffect(() => void (document.title = titleOf(run, tab.title)));
  const conflict = useTopic(tab.conflict);
  return (
    <footer className="status">
      {conflict && (
        <span className="status-conflict" role="alert">
          {t("draft.conflict")}
          <button type="button" onClick={() => void studio.keeper(tab)?.insist()}>
            {t("draft.keep_mine")}
          </button>
          <button type="button" onClick={() => void studio.reload(tab)}>
            {t("draft.take_theirs")}
          </button>
        </span>
      )}
      {run !== null && <JobStatus run={run} />}
      <span className="status-space" />
      {connected !== "connected" && (
        <span className="status-lost" role="status">
          {t(connected === "lost" ? "server.lost" : "server.connecting")}
        </span>
      )}
    </footer>
  );
}

function JobStatus({ run }: { readonly run: JobRun }): ReactElement {
  const tab = useTab();
  const { job } = run;
  if (job.state !== "running") return <span className={`status-job ${job.state}`}>{summaryOf(run)}</span>;
  const { fraction, remaining } = progressOf(run, Date.now() / 1000);
  const active = [...run.entries()].find(([id, { state }]) => state === "running" && !id.includes(":"))?.[0];
  return (
    <span className="status-job running">
      <progress max={1} value={fraction} aria-label={t("status.progress")} />
      <span>{Math.round(fraction * 100)} %</span>
      {remaining !== null && <span>{t("job.remaining", { time: formatSeconds(remaining) })}</span>}
      {active !== undefined && <span className="muted">{nodeTitle(tab, active)}</span>}
    </span>
  );
}

function summaryOf({ job }: JobRun): string {
  const took = job.started !== null && job.finished !== null ? formatSeconds(job.finished - job.started) : "";
  switch (job.state) {
    case "succeeded":
      return t("job.succeeded", { time: took });
    case "failed":
      return t("job.failed", { message: job.error?.message ?? "" });
    case "cancelled":
      return t("job.cancelled");
    case "interrupted":
      return t("job.interrupted");
    default:
      return job.waiting?.reason ?? t("job.queued");
  }
}

/** "42 % · 0:12 – Demo" while the job runs. */
export function titleOf(run: JobRun | null, title: string): string {
  const name = `${title || t("tab.untitled")} – Patchbay`;
  if (run?.job.state !== "running") return name;
  const { fraction, remaining } = progressOf(run, Date.now() / 1000);
  const left = remaining === null ? "" : ` · ${formatSeconds(remaining)}`;
  return `${Math.round(fraction * 100)} %${left} – ${name}`;
}
