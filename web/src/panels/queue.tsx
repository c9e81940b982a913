import type { DragEvent, ReactElement } from "react";
import { useState } from "react";

import { progressOf } from "../api/progress.ts";
import { jobs, queue as routes } from "../api/routes.ts";
import type { JobRun } from "../api/run.ts";
import type { Worker } from "../api/types.ts";
import { Icon } from "../editor/icon.tsx";
import { formatBytes, formatSeconds } from "../strings/format.ts";
import { t } from "../strings/index.ts";
import { useQueue, useStudio } from "../studio/context.ts";
import { guarded } from "../studio/opening.ts";
import { Empty, IconButton } from "./parts.tsx";

/** What runs and what waits: reorder, pause, cancel. */
export function QueuePanel(): ReactElement {
  const studio = useStudio();
  const queue = useQueue();
  const [dragged, setDragged] = useState<string | null>(null);
  const ask = (action: () => Promise<unknown>): void => void guarded(studio, action);
  const runs = (ids: readonly string[]): JobRun[] => ids.flatMap((id) => studio.runs.run(id) ?? []);
  const waiting = runs(queue.queued);

  return (
    <div className="panel">
      <div className="panel-bar">
        <button type="button" onClick={() => ask(queue.paused ? routes.resume : routes.pause)}>
          <Icon name={queue.paused ? "play" : "pause"} />
          {t(queue.paused ? "queue.resume" : "queue.pause")}
        </button>
        <button type="button" disabled={waiting.length === 0} onClick={() => ask(jobs.cancelAll)}>
          {t("queue.cancel_all")}
        </button>
      </div>
      {queue.paused && (
        <p className="banner warning" role="status">
          {t("queue.is_paused")}
        </p>
      )}
      {queue.running.length + waiting.length === 0 && <Empty icon="queue" text={t("queue.empty")} />}
      <ul className="rows" aria-label={t("queue.running")}>
        {runs(queue.running).map((run) => (
          <RunningRow key={run.job.id} run={run} onCancel={() => ask(() => jobs.cancel(run.job.id))} />
        ))}
      </ul>
      <ol className="rows" aria-label={t("queue.waiting")}>
        {waiting.map(({ job }, index) => (
          <li
            key={job.id}
            className="row"
            draggable
            data-dragged={job.id === dragged || undefined}
            onDragStart={() => setDragged(job.id)}
            onDragEnd={() => setDragged(null)}
            onDragOver={(event: DragEvent) => dragged !== null && event.preventDefault()}
            onDrop={(event) => {
              event.preventDefault();
              if (dragged !== null && dragged !== job.id) ask(() => jobs.move(dragged, { before: job.id }));
            }}
          >
            <span className="row-grip">
              <Icon name="grip" />
            </span>
            <div className="row-main">
              <strong>{job.title || t("job.untitled")}</strong>
              <small>{why(job.waiting)}</small>
            </div>
            <IconButton
              icon="front"
              label={t("queue.to_front", { title: job.title })}
              disabled={index === 0}
              onClick={() => ask(() => jobs.move(job.id, { to: "front" }))}
            />
            <IconButton
              icon="close"
              label={t("queue.cancel", { title: job.title })}
              onClick={() => ask(() => jobs.cancel(job.id))}
            />
          </li>
        ))}
      </ol>
      <Workers workers={queue.workers} />
    </div>
  );
}

function why(waiting: { readonly reason: string; readonly eta: number | null } | null): string {
  if (waiting === null) return "";
  return waiting.eta === null
    ? waiting.reason
    : `${waiting.reason} · ${t("queue.starts_in", { time: formatSeconds(waiting.eta) })}`;
}

function RunningRow({ run, onCancel }: { readonly run: JobRun; readonly onCancel: () => void }): ReactElement {
  const { fraction, remaining } = progressOf(run, Date.now() / 1000);
  const { job } = run;
  const title = job.title || t("job.untitled");
  return (
    <li className="row running">
      <div className="row-main">
        <strong>{title}</strong>
        <progress max={1} value={fraction} aria-label={t("queue.progress", { title })} />
        <small>
          {job.cancelling
            ? t("job.cancelling")
            : remaining === null
              ? t("job.running")
              : t("job.remaining", { time: formatSeconds(remaining) })}
        </small>
      </div>
      <IconButton icon="stop" label={t("queue.cancel", { title })} disabled={job.cancelling} onClick={onCancel} />
    </li>
  );
}

function Workers({ workers }: { readonly workers: readonly Worker[] }): ReactElement | null {
  if (workers.length === 0) return null;
  return (
    <section className="panel-section">
      <h3>{t("queue.workers")}</h3>
      <ul className="plain">
        {workers.map((worker) => (
          <li key={worker.device}>
            <strong>{worker.device}</strong> <span className="muted">{worker.state}</span>
            {worker.rss !== null && <span className="muted"> · {formatBytes(worker.rss)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
