/** One job as it runs: what each of its nodes is at, folded from events; told to listeners once per frame. */

import type { NodeId } from "../document/types.ts";
import type { Artifact, Job, JobState, NodeState, ServerEvent } from "./types.ts";

/** What a node is at. Values are replaced, never changed: equal identity means nothing changed. */
export interface NodeRun {
  readonly state: NodeState;
  /** Of the step that reports progress: `done` of `total`. */
  readonly done: number;
  readonly total: number;
  /** Which item of a list it is at, and of how many. */
  readonly item: number;
  readonly items: number | null;
  readonly seconds: number | null;
  /** Why it failed, was blocked or did not have to run. */
  readonly message: string | null;
  /** The input that the failure is about. */
  readonly input: string | null;
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  /** Object URL of the picture that it is at work on. */
  readonly preview: string | null;
  readonly artifacts: readonly Artifact[];
}

const PLANNED: NodeRun = {
  state: "planned",
  done: 0,
  total: 0,
  item: 0,
  items: 1,
  seconds: null,
  message: null,
  input: null,
  warnings: [],
  notes: [],
  preview: null,
  artifacts: [],
};
const ENDED: ReadonlySet<JobState> = new Set(["succeeded", "failed", "cancelled"]);

export function isEnded(state: JobState): boolean {
  return ENDED.has(state);
}

type Data = Readonly<Record<string, unknown>>;
export type Sources = ReadonlyMap<NodeId, readonly NodeId[]>;

/** Live state of one job. `changed` is called at most once until `flush`. */
export class JobRun {
  private readonly nodes = new Map<NodeId, NodeRun>();
  /** Nodes inside a subgraph or an expansion, by the node of the document that they belong to. */
  private readonly inner = new Map<NodeId, Set<NodeId>>();
  private readonly listeners = new Map<NodeId, Set<() => void>>();
  private readonly wholeListeners = new Set<() => void>();
  private told = 0;
  private readonly touched = new Set<NodeId>();
  /** From which nodes each node of the document takes what it is given. */
  private sources: Sources = new Map();
  /** Seconds that each node took the last time, to weigh progress by. */
  expected: ReadonlyMap<NodeId, number> = new Map();

  constructor(
    private current: Job,
    private readonly changed: () => void,
    private number = 0,
  ) {
    this.fold(current);
  }

  /** Another number whenever listeners are told. */
  get version(): number {
    return this.told;
  }

  /** Number of the newest event that is included. */
  get heard(): number {
    return this.number;
  }

  get job(): Job {
    return this.current;
  }

  node(id: NodeId): NodeRun | undefined {
    return this.nodes.get(id);
  }

  /** Every node that something is known of. */
  entries(): ReadonlyMap<NodeId, NodeRun> {
    return this.nodes;
  }

  subscribeNode(id: NodeId, listener: () => void): () => void {
    const listening = this.listeners.get(id) ?? new Set();
    this.listeners.set(id, listening.add(listener));
    return () => {
      listening.delete(listener);
      if (listening.size === 0 && this.listeners.get(id) === listening) this.listeners.delete(id);
    };
  }

  /** Be told when anything of the job changed. */
  subscribe(listener: () => void): () => void {
    this.wholeListeners.add(listener);
    return () => this.wholeListeners.delete(listener);
  }

  /** The job as the server described it at an event; where more was heard of it since, that stands. */
  replace(job: Job, asOf: number): void {
    if (asOf < this.number) return;
    this.number = asOf;
    this.fold(job);
    this.changed();
  }

  /** How the document that was sent is wired: what only nodes that are kept are made from is kept as well. */
  knowSources(sources: Sources): void {
    this.sources = sources;
    this.keepSources();
    this.changed();
  }

  private keepSources(): void {
    const open = [...this.nodes].flatMap(([id, { state }]) => (state === "cached" ? [id] : []));
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      for (const source of this.sources.get(id) ?? []) {
        if (this.nodes.has(source)) continue;
        this.update(source, { ...PLANNED, state: "cached" });
        open.push(source);
      }
    }
  }

  private fold(job: Job): void {
    this.current =
      job.nodes === undefined && this.current.nodes !== undefined ? { ...job, nodes: this.current.nodes } : job;
    for (const [id, { state, seconds, message }] of Object.entries(job.nodes ?? {})) {
      this.update(id, { state, seconds: seconds ?? null, message: message ?? null });
    }
    for (const id of new Set(job.outputs.map((artifact) => artifact.node))) {
      this.update(id, { artifacts: job.outputs.filter((artifact) => artifact.node === id) });
    }
    this.keepSources();
  }

  /** What an event of this job means for it. */
  take({ type, data, time, seq }: ServerEvent): void {
    this.number = seq ?? this.number;
    const id = data["node"] as NodeId | undefined;
    if (type === "planned") this.plan(data);
    else if (id !== undefined && type in NODE_EVENTS)
      this.update(id, NODE_EVENTS[type]!(data, this.nodes.get(id) ?? PLANNED));
    else this.turn(type, data, time);
    if (type === "node_finished" || type === "node_skipped") this.collect(data);
    this.changed();
  }

  preview(id: NodeId, picture: Blob): void {
    this.update(id, { preview: URL.createObjectURL(picture) });
    this.changed();
  }

  /** Tell the listeners of what changed. */
  flush(): void {
    this.told += 1;
    const touched = [...this.touched];
    this.touched.clear();
    for (const id of touched) this.listeners.get(id)?.forEach((listener) => listener());
    this.wholeListeners.forEach((listener) => listener());
  }

  /** Give back the memory of previews. */
  dispose(): void {
    for (const { preview } of this.nodes.values()) if (preview !== null) URL.revokeObjectURL(preview);
  }

  private plan(data: Data): void {
    const cached = new Set(data["cached"] as readonly NodeId[]);
    for (const id of data["steps"] as readonly NodeId[]) this.update(id, { ...PLANNED, warnings: [] });
    for (const id of cached) this.update(id, { ...PLANNED, state: "cached" });
    this.keepSources();
  }

  private turn(type: string, data: Data, time: number): void {
    const next = JOB_EVENTS[type];
    if (next === undefined) return;
    this.current = { ...this.current, ...next(data, time) };
    if (type === "queued" || type === "requeued") for (const id of this.nodes.keys()) this.update(id, PLANNED);
    if (!isEnded(this.current.state)) return;
    for (const [id, { state, preview }] of this.nodes) {
      if (state === "running" || preview !== null) {
        this.update(id, { state: state === "running" ? "planned" : state, preview: null });
      }
    }
  }

  private collect(data: Data): void {
    const made = (data["artifacts"] as readonly Artifact[] | undefined) ?? [];
    if (made.length === 0) return;
    const id = data["node"] as NodeId;
    const item = (data["item"] as number | undefined) ?? 0;
    const placed = made.map((artifact, index) => ({ ...artifact, node: id, item, index: artifact.index ?? index }));
    const kept = this.current.outputs.filter((artifact) => artifact.node !== id || artifact.item !== item);
    this.current = { ...this.current, outputs: [...kept, ...placed] };
    this.update(id, { artifacts: this.current.outputs.filter((artifact) => artifact.node === id) });
  }

  private update(id: NodeId, members: Partial<NodeRun>): void {
    const before = this.nodes.get(id) ?? PLANNED;
    const after = { ...before, ...members };
    if (before.preview !== null && before.preview !== after.preview) URL.revokeObjectURL(before.preview);
    this.nodes.set(id, after);
    this.touched.add(id);
    const owner = ownerOf(id);
    if (owner === null) return;
    this.inner.set(owner, (this.inner.get(owner) ?? new Set()).add(id));
    this.update(owner, this.summary(owner));
  }

  /** What a subgraph or an expanded node is at, from the nodes inside it. */
  private summary(owner: NodeId): Partial<NodeRun> {
    const runs = [...this.inner.get(owner)!].map((id) => this.nodes.get(id)!);
    const has = (state: NodeState): NodeRun | undefined => runs.find((run) => run.state === state);
    const active = has("running");
    const state = (["running", "failed", "blocked", "planned", "finished"] as const).find(has) ?? "cached";
    const failed = has("failed");
    return {
      state,
      done: active?.done ?? 0,
      total: active?.total ?? 0,
      message: failed?.message ?? null,
      seconds: state === "finished" ? runs.reduce((sum, run) => sum + (run.seconds ?? 0), 0) : null,
      artifacts: runs.flatMap((run) => run.artifacts),
    };
  }
}

/** `instance:inner` belongs to `instance` (a subgraph), `parent/3` to `parent` (an expansion). */
function ownerOf(id: NodeId): NodeId | null {
  const cut = Math.max(id.lastIndexOf(":"), id.lastIndexOf("/"));
  return cut > 0 ? id.slice(0, cut) : null;
}

const items = (data: Data): Pick<NodeRun, "item" | "items"> => ({
  item: (data["item"] as number | undefined) ?? 0,
  items: (data["items"] as number | null | undefined) ?? null,
});
const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

const NODE_EVENTS: Readonly<Record<string, (data: Data, before: NodeRun) => Partial<NodeRun>>> = {
  node_started: (data) => ({ state: "running", done: 0, total: 0, message: null, ...items(data) }),
  progress: (data) => ({ state: "running", done: Number(data["done"]), total: Number(data["total"]), ...items(data) }),
  node_finished: (data, before) => ({
    state: "finished",
    preview: null,
    seconds: (before.seconds ?? 0) + Number(data["seconds"] ?? 0),
    ...items(data),
  }),
  node_skipped: (data) => ({ state: "cached", message: text(data["reason"]), ...items(data) }),
  node_warned: (data, before) => ({ warnings: [...new Set([...before.warnings, String(data["message"])])] }),
  node_noted: (data, before) => ({ notes: [...new Set([...before.notes, String(data["message"])])] }),
  node_errored: (data) => ({
    state: "failed",
    preview: null,
    message: text(data["message"]),
    input: text(data["input"]),
    ...items(data),
  }),
  node_blocked: (data) => ({ state: "blocked", message: text(data["reason"]), ...items(data) }),
};

const JOB_EVENTS: Readonly<Record<string, (data: Data, time: number) => Partial<Job>>> = {
  queued: () => ({ state: "queued", error: null }),
  requeued: (data) => ({ state: "queued", attempt: Number(data["attempt"] ?? 1), started: null }),
  started: (data, time) => ({
    state: "running",
    started: time,
    waiting: null,
    attempt: Number(data["attempt"] ?? 1),
    device: text(data["device"]),
  }),
  succeeded: (_, time) => ({ state: "succeeded", finished: time }),
  failed: (data, time) => ({ state: "failed", finished: time, error: data["error"] as Job["error"] }),
  cancelled: (_, time) => ({ state: "cancelled", finished: time }),
  interrupted: () => ({ state: "interrupted" }),
};
