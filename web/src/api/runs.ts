/** All jobs that the editor knows of, kept up to date by the server's events. */

import { EventStream, type Connection, type Listener } from "./events.ts";
import { jobs as routes, queue as queueRoutes } from "./routes.ts";
import { isEnded, JobRun } from "./run.ts";
import type { Job, Preview, Queue, ServerEvent, Worker } from "./types.ts";

const KEPT_ENDED = 50;
const MOST_MISSED = 500;
/** How often a job is asked for again because something happened to it before the answer came. */
const MOST_TRIALS = 5;
/** Events after which the order of the queue or its workers is asked for again. */
const REORDERING = new Set([
  "queued",
  "requeued",
  "started",
  "succeeded",
  "failed",
  "cancelled",
  "interrupted",
  "moved",
  "paused",
  "resumed",
  "forgotten",
]);

export interface QueueState {
  readonly paused: boolean;
  readonly running: readonly string[];
  readonly queued: readonly string[];
  readonly workers: readonly Worker[];
}

/** Jobs by id, the queue, and the connection. Listeners hear of changes once per frame. */
export class RunStore {
  private readonly known = new Map<string, JobRun>();
  private readonly dirty = new Set<JobRun>();
  private readonly listeners = new Set<() => void>();
  private state: QueueState = { paused: false, running: [], queued: [], workers: [] };
  private linked: Connection = "connecting";
  private scheduled = false;
  private asking: Promise<void> | null = null;
  private askAgain = false;
  /** Seconds that each node took when it last ran, over all jobs. */
  private readonly seconds = new Map<string, number>();
  /** Jobs that events spoke of before anybody asked for them: what was said of them is asked for with them. */
  private readonly missed = new Set<string>();
  private ended = 0;
  private told = 0;
  /** Number of the newest event. */
  private newest = 0;
  private stream: EventStream | null = null;

  constructor(private readonly frame: (flush: () => void) => void = nextFrame) {}

  /** Begin to listen to the server. */
  start(stream: (listener: Listener) => EventStream = (listener) => new EventStream(listener)): void {
    this.stream = stream({ event: this.take, preview: this.takePreview, connection: this.connection });
  }

  stop(): void {
    this.stream?.close();
    this.known.forEach((run) => run.dispose());
  }

  watchPreviews(wanted: boolean): void {
    this.stream?.watch(wanted);
  }

  get queue(): QueueState {
    return this.state;
  }

  get connected(): Connection {
    return this.linked;
  }

  /** Another number whenever listeners are told. */
  get version(): number {
    return this.told;
  }

  /** Counts up when a job ends: what lists of ended jobs are asked for again by. */
  get endings(): number {
    return this.ended;
  }

  run(id: string): JobRun | undefined {
    return this.known.get(id);
  }

  /** Be told when the queue, the connection or any job changed. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Take in what the server said of a job at an event, and follow it from now on. */
  adopt(job: Job, asOf = 0): JobRun {
    const before = this.known.get(job.id);
    if (before !== undefined) {
      before.replace(job, asOf);
      return before;
    }
    const run: JobRun = new JobRun(job, () => this.touch(run), asOf);
    run.expected = this.seconds;
    this.known.set(job.id, run);
    this.forgetOldest();
    this.touch(run);
    if (this.missed.delete(job.id)) void this.fetch(job.id).catch(() => undefined); // when the server is back, all are
    return run;
  }

  /** A job by id, asked for where it is not known. Raises ApiError. */
  async fetch(id: string): Promise<JobRun> {
    for (let trial = 1; ; trial++) {
      const asOf = this.newest;
      const run = this.adopt(await routes.get(id), asOf);
      if (run.heard <= asOf || trial === MOST_TRIALS) return run;
    }
  }

  /** Ask for the queue again; calls that come meanwhile share the next answer. */
  async refresh(): Promise<void> {
    if (this.asking !== null) {
      this.askAgain = true;
      return this.asking;
    }
    this.asking = this.ask();
    await this.asking;
    this.asking = null;
    if (this.askAgain) {
      this.askAgain = false;
      await this.refresh();
    }
  }

  private async ask(): Promise<void> {
    let queue: Queue;
    try {
      queue = await queueRoutes.get();
    } catch {
      return; // the connection's own state tells that the server cannot be reached
    }
    this.stream?.standing(queue.seq);
    for (const job of [...queue.running, ...queue.queued]) this.adopt(job, queue.seq);
    const id = (job: Job): string => job.id;
    const { paused, workers } = queue;
    this.state = { paused, workers, running: queue.running.map(id), queued: queue.queued.map(id) };
    this.schedule();
  }

  private readonly take = (event: ServerEvent): void => {
    this.newest = event.seq ?? this.newest;
    const run = event.job === null ? undefined : this.known.get(event.job);
    const wasEnded = run === undefined || isEnded(run.job.state);
    run?.take(event);
    if (run === undefined && event.job !== null) this.miss(event.job);
    if (run !== undefined && event.type === "node_finished") {
      const id = String(event.data["node"]);
      const seconds = run.node(id)?.seconds;
      if (seconds !== null && seconds !== undefined) this.seconds.set(id, seconds);
    }
    if (run !== undefined && !wasEnded && isEnded(run.job.state)) this.ended += 1;
    if (event.type === "forgotten" && event.job !== null) this.known.delete(event.job);
    if (REORDERING.has(event.type)) void this.refresh();
    this.schedule();
  };

  private miss(job: string): void {
    this.missed.add(job);
    if (this.missed.size > MOST_MISSED) this.missed.delete(this.missed.values().next().value!);
  }

  private readonly takePreview = ({ job, node, picture }: Preview): void => {
    this.known.get(job)?.preview(node, picture);
  };

  private readonly connection = (state: Connection): void => {
    this.linked = state;
    if (state === "connected") void this.catchUp();
    this.schedule();
  };

  /** After (re)connecting: the queue, and every job that had not ended when last heard of. */
  private async catchUp(): Promise<void> {
    const open = [...this.known.values()].filter((run) => !isEnded(run.job.state));
    await this.refresh();
    await Promise.allSettled(open.map((run) => this.fetch(run.job.id)));
  }

  private touch(run: JobRun): void {
    this.dirty.add(run);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.frame(() => {
      this.scheduled = false;
      const dirty = [...this.dirty];
      this.dirty.clear();
      dirty.forEach((run) => run.flush());
      this.told += 1;
      this.listeners.forEach((listener) => listener());
    });
  }

  private forgetOldest(): void {
    const ended = [...this.known].filter(([, run]) => isEnded(run.job.state));
    for (const [id, run] of ended.slice(0, Math.max(0, ended.length - KEPT_ENDED))) {
      run.dispose();
      this.known.delete(id);
    }
  }
}

/** Frames stop while the page is hidden, but its title still tells how far a job is. */
function nextFrame(flush: () => void): void {
  if (document.hidden) setTimeout(flush, 250);
  else requestAnimationFrame(flush);
}
