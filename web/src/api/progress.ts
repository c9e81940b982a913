/** How far a job is and how long it will take, weighed by what its nodes took the last time. */

import type { JobRun, NodeRun } from "./run.ts";

export interface Progress {
  /** 0 … 1. */
  readonly fraction: number;
  /** Seconds to go; null while nothing is known. */
  readonly remaining: number | null;
}

const SETTLED: ReadonlySet<NodeRun["state"]> = new Set(["finished", "cached", "failed", "blocked"]);
const UNKNOWN_SECONDS = 0.05;

/** How far the job is, `now` in seconds since 1970. */
export function progressOf(run: JobRun, now: number): Progress {
  let [done, all] = [0, 0];
  let known = true;
  for (const [id, node] of run.entries()) {
    if (node.state === "cached") continue;
    const weight = run.expected.get(id) ?? node.seconds ?? UNKNOWN_SECONDS;
    known &&= run.expected.has(id) || SETTLED.has(node.state);
    all += weight;
    if (SETTLED.has(node.state)) done += weight;
    else if (node.total > 0) done += (weight * (node.item + node.done / node.total)) / (node.items ?? 1);
  }
  const fraction = all === 0 ? 0 : Math.min(1, done / all);
  if (known) return { fraction, remaining: all - done };
  return { fraction: longest(run)?.share ?? fraction, remaining: extrapolated(run, now) };
}

/** The node that reports steps: in a run that was never timed, it stands for the whole. */
function longest(run: JobRun): { share: number } | null {
  for (const node of run.entries().values()) {
    if (node.state === "running" && node.total > 0) {
      return { share: (node.item + node.done / node.total) / (node.items ?? 1) };
    }
  }
  return null;
}

function extrapolated(run: JobRun, now: number): number | null {
  const share = longest(run)?.share ?? 0;
  const { started } = run.job;
  return share > 0 && started !== null ? ((now - started) / share) * (1 - share) : null;
}
