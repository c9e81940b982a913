/** Sends a tab's document to the queue, and shows on its nodes the job that matters. */

import { ApiError } from "../api/client.ts";
import { isEnded, type JobRun, type Sources } from "../api/run.ts";
import { jobs } from "../api/routes.ts";
import type { RunStore } from "../api/runs.ts";
import { applyControls } from "../document/operations/controls.ts";
import { wiresInto } from "../document/wires.ts";
import { writeDocument } from "../files/patchbay.ts";
import { t } from "../strings/index.ts";
import { keepReasons, reasonsBefore } from "./explaining.ts";
import { freshId } from "./fresh_id.ts";
import type { Notices } from "./notices.ts";
import type { Tab } from "./tab.ts";

export interface RunOptions {
  readonly front?: boolean;
  /** Run only what these nodes need. */
  readonly targets?: readonly string[];
  /** How many jobs; between them seeds go on as their controls say. */
  readonly count?: number;
}

const KEPT_JOBS = 20;

export class Runner {
  constructor(
    private readonly runs: RunStore,
    private readonly notices: Notices,
    private readonly client: string,
  ) {}

  /** Put the tab's document into the queue. What is wrong with it is shown where it is. True where all was taken. */
  async submit(tab: Tab, { front = false, targets, count = 1 }: RunOptions = {}): Promise<boolean> {
    for (let number = 0; number < count; number++) {
      const submission = {
        document: writeDocument(tab.store.document),
        front,
        client: this.client,
        ...(targets ? { targets } : {}),
      };
      try {
        const reasons = await reasonsBefore(submission.document, targets);
        const sources = sourcesOf(tab);
        const { job } = await jobs.submit(submission, freshId());
        keepReasons(tab, job.id, reasons);
        tab.jobs.push(job.id);
        tab.jobs.splice(0, tab.jobs.length - KEPT_JOBS);
        this.runs.adopt(job).knowSources(sources);
        show(tab, this.runs);
      } catch (error) {
        this.refused(tab, error);
        return false;
      }
      tab.workspace.seeds = controlledValues(tab);
      tab.store.edit(t("history.controls"), (draft) => applyControls(draft, tab.workspace.specs));
    }
    return true;
  }

  /** Stop the tab's jobs: the one that runs and those that wait. */
  async cancel(tab: Tab): Promise<void> {
    const open = tab.jobs.filter((id) => !isEnded(this.runs.run(id)?.job.state ?? "succeeded"));
    await Promise.all(open.map((id) => jobs.cancel(id)));
  }

  private refused(tab: Tab, error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    if (error.problems.length === 0) {
      this.notices.tell("error", error.offline ? t("server.unreachable") : error.message);
      return;
    }
    tab.problems.set(error.problems);
    const first = error.problems.find(({ severity }) => severity === "error") ?? error.problems[0]!;
    this.notices.tell("error", t("run.refused", { count: error.problems.length, message: first.message }));
  }
}

/** Which nodes each node is fed by. */
function sourcesOf(tab: Tab): Sources {
  const nodes = [...tab.store.graph("").nodes.values()];
  return new Map(nodes.map((node) => [node.id, Array.from(wiresInto(node), ({ from }) => from.node)]));
}

/** The values that a control is about to change, as the job that was sent has them. */
function controlledValues(tab: Tab): ReadonlyMap<string, number | bigint> {
  const values = new Map<string, number | bigint>();
  for (const { id, inputs, controls = {} } of tab.store.graph("").nodes.values()) {
    for (const name of Object.keys(controls)) {
      const value = inputs[name];
      if (value === undefined || "link" in value) continue;
      if (typeof value.literal === "number" || typeof value.literal === "bigint")
        values.set(`${id}.${name}`, value.literal);
    }
  }
  return values;
}

/** Let the tab show the first of its jobs that runs, else the last that ended, else the next to run. */
export function show(tab: Tab, runs: RunStore): void {
  const known = tab.jobs.map((id) => runs.run(id)).filter((run): run is JobRun => run !== undefined);
  const running = known.find(({ job }) => job.state === "running");
  tab.run.set(running ?? known.findLast(({ job }) => isEnded(job.state)) ?? known[0] ?? null);
  tab.workspace.reasons.set(tab.reasons.get(tab.run.get()?.job.id ?? "") ?? null);
}
