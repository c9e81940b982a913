/** What the server says (`/api/v1`), as its own JSON has it. */

import type { Members, NodeId, NodeSpec } from "../document/types.ts";

export type Severity = "error" | "warning";

export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly node: NodeId | null;
  readonly input: string | null;
  readonly severity: Severity;
}

export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled" | "interrupted";
export type NodeState = "planned" | "cached" | "running" | "finished" | "failed" | "blocked";

/** A picture, a file or a text that a node made. */
export interface Artifact {
  readonly node: NodeId;
  readonly item: number;
  readonly index: number;
  readonly name: string;
  readonly kind: "output" | "temp" | "input";
  readonly sha256: string;
  readonly media_type: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly bytes: number;
  readonly url: string;
  readonly text?: string;
}

export interface Job {
  readonly id: string;
  readonly number: number;
  readonly state: JobState;
  /** It was asked to stop and has not yet. */
  readonly cancelling: boolean;
  readonly client: string;
  readonly priority: number;
  readonly attempt: number;
  readonly created: number;
  readonly started: number | null;
  readonly finished: number | null;
  readonly device: string | null;
  readonly title: string;
  readonly error: { readonly message: string; readonly node?: NodeId | null; readonly type?: string } | null;
  readonly warnings: readonly Problem[];
  readonly waiting: { readonly position: number; readonly eta: number | null; readonly reason: string } | null;
  readonly progress: { readonly done: number; readonly total: number } | null;
  readonly nodes?: Readonly<Record<NodeId, { state: NodeState; seconds?: number | null; message?: string }>>;
  readonly outputs: readonly Artifact[];
}

export interface Worker {
  readonly device: string;
  readonly state: string;
  readonly job: string | null;
  readonly resident: readonly string[];
  readonly rss: number | null;
  readonly restarts: number;
}

export interface Queue {
  readonly paused: boolean;
  /** The number of the newest event that this includes. */
  readonly seq: number;
  readonly running: readonly Job[];
  readonly queued: readonly Job[];
  readonly workers: readonly Worker[];
}

export interface NodeList {
  readonly nodes: Readonly<Record<string, NodeSpec>>;
  readonly choices: Readonly<Record<string, readonly string[]>>;
}

export interface Opened {
  readonly document: Members;
  readonly problems: readonly Problem[];
  readonly missing: { readonly nodes: readonly string[]; readonly models: readonly string[] };
  readonly found_in: string;
}

export interface ModelFile {
  readonly name: string;
  readonly size: number;
  readonly modified: number;
  readonly preview: string | null;
}

export interface Upload {
  readonly name: string;
  readonly kind: string;
  readonly url: string;
  readonly width: number | null;
  readonly height: number | null;
}

export interface Revision {
  readonly revision: number;
  readonly saved: number;
  /** It says that the document was removed, and holds none. */
  readonly removed: boolean;
}

/** One message of the event stream; volatile ones (progress) have no `seq`. */
export interface ServerEvent {
  readonly seq: number | null;
  readonly job: string | null;
  readonly time: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A picture of a node that is still at work. */
export interface Preview {
  readonly job: string;
  readonly node: NodeId;
  readonly picture: Blob;
}
