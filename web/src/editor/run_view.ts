/** What the nodes are at in the run that is shown, and what is wrong with them: told node by node. */

import type { NodeRun } from "../api/run.ts";
import type { Problem } from "../api/types.ts";
import type { NodeId } from "../document/types.ts";

/** A run as the nodes see it; `JobRun` is one. */
export interface Run {
  node(id: NodeId): NodeRun | undefined;
  entries(): ReadonlyMap<NodeId, NodeRun>;
  subscribeNode(id: NodeId, listener: () => void): () => void;
  subscribe(listener: () => void): () => void;
}

const NONE: readonly Problem[] = [];

/** The run in a tab's editor: another one can be shown without a node noticing more than its own change. */
export class RunView {
  private run: Run | null = null;
  private problemsOf = new Map<NodeId, readonly Problem[]>();
  private readonly mounted = new Map<NodeId, { readonly listeners: Set<() => void>; release: () => void }>();
  private readonly listeners = new Set<() => void>();
  private release = (): void => undefined;

  /** Show this run from now on; null: none. */
  show(run: Run | null): void {
    if (run === this.run) return;
    this.release();
    this.run = run;
    this.release = run?.subscribe(this.tell) ?? ((): void => undefined);
    for (const [id, { listeners }] of this.mounted) {
      this.follow(id);
      listeners.forEach((listener) => listener());
    }
    this.tell();
  }

  /** Show these problems at their nodes and widgets. */
  showProblems(problems: readonly Problem[]): void {
    const before = this.problemsOf;
    this.problemsOf = new Map();
    for (const problem of problems) {
      if (problem.node === null) continue;
      this.problemsOf.set(problem.node, [...(this.problemsOf.get(problem.node) ?? NONE), problem]);
    }
    for (const id of new Set([...before.keys(), ...this.problemsOf.keys()])) {
      if (same(before.get(id) ?? NONE, this.problemsOf.get(id) ?? NONE))
        this.problemsOf.set(id, before.get(id) ?? NONE);
      else this.mounted.get(id)?.listeners.forEach((listener) => listener());
    }
    this.tell();
  }

  node(id: NodeId): NodeRun | undefined {
    return this.run?.node(id);
  }

  problems(id: NodeId): readonly Problem[] {
    return this.problemsOf.get(id) ?? NONE;
  }

  /** Every problem, in the order in which they were told. */
  allProblems(): readonly Problem[] {
    return [...this.problemsOf.values()].flat();
  }

  subscribeNode(id: NodeId, listener: () => void): () => void {
    let entry = this.mounted.get(id);
    if (entry === undefined) {
      entry = { listeners: new Set(), release: () => undefined };
      this.mounted.set(id, entry);
      this.follow(id);
    }
    entry.listeners.add(listener);
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size > 0 || this.mounted.get(id) !== entry) return;
      entry.release();
      this.mounted.delete(id);
    };
  }

  /** Be told when anything changed. */
  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private follow(id: NodeId): void {
    const entry = this.mounted.get(id)!;
    entry.release();
    entry.release =
      this.run?.subscribeNode(id, () => entry.listeners.forEach((listener) => listener())) ?? ((): void => undefined);
  }

  private readonly tell = (): void => this.listeners.forEach((listener) => listener());
}

function same(left: readonly Problem[], right: readonly Problem[]): boolean {
  return (
    left.length === right.length &&
    left.every((problem, at) => problem.message === right[at]!.message && problem.input === right[at]!.input)
  );
}
