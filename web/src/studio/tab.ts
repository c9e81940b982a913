/** One open workflow: its document, what is selected, where the server keeps it, its jobs and its problems. */

import type { JobRun } from "../api/run.ts";
import type { Opened, Problem } from "../api/types.ts";
import { SelectionStore } from "../document/selection.ts";
import type { NodeSpecs } from "../document/specs.ts";
import { DocumentStore } from "../document/store.ts";
import type { WorkflowDocument } from "../document/types.ts";
import type { Plan } from "../editor/plan.tsx";
import { Topic } from "../editor/topic.ts";
import { freshId } from "./fresh_id.ts";
import { Workspace, type Services } from "../editor/workspace.ts";

export type View = "graph" | "form";

/** What a tab is opened with beside its document. */
export interface Place {
  /** Under which the server keeps the draft. */
  readonly id?: string;
  /** The revision of the draft that this goes on from; null where there is none yet. */
  readonly revision?: number | null;
}

export class Tab {
  readonly id: string;
  readonly store: DocumentStore;
  readonly selection = new SelectionStore();
  readonly workspace: Workspace;
  /** What the server says is wrong with the document as it is now. */
  readonly problems = new Topic<readonly Problem[]>([]);
  /** The job whose state the nodes show. */
  readonly run = new Topic<JobRun | null>(null);
  /** What the file named and this server does not have. */
  readonly missing = new Topic<Opened["missing"] | null>(null);
  readonly view = new Topic<View>("graph");
  /** The workflow on the server that it was opened from or saved as, and the revision it goes on from. */
  readonly saved = new Topic<{ readonly name: string; readonly revision: number } | null>(null);
  /** Jobs that were started from here, the latest last. */
  readonly jobs: string[] = [];
  /** Why the nodes of its latest jobs ran, by job. */
  readonly reasons = new Map<string, Plan>();
  /** Another window wrote the same draft. */
  readonly conflict = new Topic(false);

  /** Of the draft, as the server counts. */
  revision: number | null;
  /** The problem that was gone to last. */
  troubleAt = -1;

  constructor(
    document: WorkflowDocument,
    specs: NodeSpecs,
    services: Services,
    { id = freshId(), revision = null }: Place = {},
  ) {
    this.id = id;
    this.revision = revision;
    this.store = new DocumentStore(document);
    this.workspace = new Workspace(this.store, this.selection, specs.with(this.store.document.definitions), services);
  }

  get title(): string {
    return this.store.document.title;
  }

  /** A node of the graph that is looked at, as jobs call it. */
  runId(node: string): string {
    return this.workspace.runId(node);
  }
}
