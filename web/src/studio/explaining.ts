/** Which nodes a run of the document does, and why, as the server says: before a run when asked, of each run when it begins. */

import { documents } from "../api/routes.ts";
import type { Members } from "../document/types.ts";
import type { Plan } from "../editor/plan.tsx";
import { writeDocument } from "../files/patchbay.ts";
import { t } from "../strings/index.ts";
import { guarded } from "./opening.ts";
import type { Studio } from "./studio.ts";
import type { Tab } from "./tab.ts";

/** Milliseconds that a run waits for its reasons: once it has begun, the answer would be about what comes after it. */
const PATIENCE = 200;
const KEPT_JOBS = 20;

/** Show at each node whether it would run now, and why, or hide it again. It goes with the next edit. */
export async function explain(studio: Studio, tab: Tab): Promise<void> {
  const { plan } = tab.workspace;
  if (plan.get() !== null) return plan.set(null);
  await guarded(studio, async () => {
    const { revision } = tab.store;
    const found = await ask(writeDocument(tab.store.document));
    if (tab.store.revision !== revision) return;
    plan.set(found);
    const stop = tab.store.subscribe((change) => {
      if (change === null) return;
      plan.set(null);
      stop();
    });
    const count = [...found.values()].filter(({ runs }) => runs).length;
    studio.notices.tell("done", t("explain.summary", { count, kept: found.size - count }));
  });
}

/** Why the nodes of a run that is about to begin run; null where the server does not say so in time. */
export async function reasonsBefore(document: Members, targets?: readonly string[]): Promise<Plan | null> {
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PATIENCE));
  const answer = ask(document, targets).catch(() => null); // what is wrong with the document, the job itself is told
  return Promise.race([answer, late]);
}

/** Remember why the nodes of a job ran. */
export function keepReasons(tab: Tab, job: string, reasons: Plan | null): void {
  if (reasons === null) return;
  tab.reasons.set(job, reasons);
  for (const oldest of [...tab.reasons.keys()].slice(0, Math.max(0, tab.reasons.size - KEPT_JOBS)))
    tab.reasons.delete(oldest);
}

async function ask(document: Members, targets?: readonly string[]): Promise<Plan> {
  const { nodes } = await documents.explain(document, targets);
  return new Map(Object.entries(nodes));
}
