import { createContext, useContext, useSyncExternalStore } from "react";

import type { JobRun } from "../api/run.ts";
import type { QueueState } from "../api/runs.ts";
import type { WorkflowDocument } from "../document/types.ts";
import { useTopic } from "./topic.ts";
import type { Tab } from "./tab.ts";
import type { Studio } from "./studio.ts";

export const StudioContext = createContext<Studio | null>(null);

export function useStudio(): Studio {
  const studio = useContext(StudioContext);
  if (studio === null) throw new Error("there is no studio around this component");
  return studio;
}

/** The tab that is shown. */
export function useTab(): Tab {
  return useTopic(useStudio().current);
}

/** A tab's document as it is now. */
export function useDocument(tab: Tab): WorkflowDocument {
  useSyncExternalStore(
    (listener) => tab.store.subscribe(listener),
    () => tab.store.revision,
  );
  return tab.store.document;
}

/** The queue as it is now; the component shows each job's progress too. */
export function useQueue(): QueueState {
  const { runs } = useStudio();
  useSyncExternalStore(
    (listener) => runs.subscribe(listener),
    () => runs.version,
  );
  return runs.queue;
}

/** A run, and everything that happens in it. */
export function useRun(run: JobRun | null): JobRun | null {
  useSyncExternalStore(
    (listener) => run?.subscribe(listener) ?? (() => undefined),
    () => run?.version ?? 0,
  );
  return run;
}
