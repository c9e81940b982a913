/** What the editor sees is wrong by itself, at once: with the nodes that changed and those that read them. */

import type { Problem } from "../api/types.ts";
import { problemsOf, type LocalProblem } from "../document/check.ts";
import type { Change } from "../document/store.ts";
import type { GraphNode, InputPort, NodeId } from "../document/types.ts";
import { downstreamOf } from "../document/typing.ts";
import { t } from "../strings/index.ts";
import type { Tab } from "./tab.ts";

type Meaning = Pick<GraphNode, "type" | "inputs" | "mode">;

/** Remembers what each node of the graph that is looked at meant, so that moving one asks nothing. */
export class LocalCheck {
  private path: string | null = null;
  private meant = new Map<NodeId, Meaning>();

  constructor(private readonly tab: Tab) {
    this.look();
  }

  /** Put what is seen now in place of what was said of the nodes that a change is about; the server's word comes later. */
  follow(change: Change): void {
    const { store, problems } = this.tab;
    if (store.path !== this.path || change.touched.has("definitions")) return this.look();
    const stale = this.staleAfter(change);
    if (stale.size === 0) return;
    const paths = new Set([...stale].map((id) => this.tab.runId(id)));
    const kept = problems.get().filter(({ node }) => node === null || !paths.has(node));
    const seen = [...stale].flatMap((id) => this.problemsAt(id));
    if (seen.length > 0 || kept.length < problems.get().length) problems.set([...kept, ...seen]);
  }

  private look(): void {
    const { store } = this.tab;
    this.path = store.path;
    this.meant = new Map(store.graph().nodes);
  }

  /** The nodes that mean something else than before, and those that read them. */
  private staleAfter(change: Change): ReadonlySet<NodeId> {
    const { nodes, wires } = this.tab.store.graph();
    const stale = new Set<NodeId>();
    for (const id of change.nodes(this.path!)) {
      const [before, after] = [this.meant.get(id), nodes.get(id)];
      if (after) this.meant.set(id, after);
      else this.meant.delete(id);
      if (before?.inputs === after?.inputs && before?.mode === after?.mode && before?.type === after?.type) continue;
      stale.add(id);
      if (before?.mode !== after?.mode || before?.type !== after?.type)
        for (const reader of wires.readers(id)) stale.add(reader);
    }
    return stale;
  }

  private problemsAt(id: NodeId): readonly Problem[] {
    const { store, workspace } = this.tab;
    const graph = store.graph();
    const node = graph.nodes.get(id);
    if (node === undefined) return [];
    const ports: readonly InputPort[] = store.document.definitions.get(store.path)?.inputs ?? [];
    const fed = (input: string): boolean =>
      ports.some(({ ends }) => ends.some(([end, name]) => end === id && name === input));
    const severity = this.isNeeded(node) ? "error" : "warning";
    return problemsOf(graph, workspace.specs, node, fed).map((problem) => ({
      code: problem.code,
      message: sentenceOf(problem),
      node: this.tab.runId(id),
      input: problem.input ?? null,
      severity,
    }));
  }

  /** As the server judges: what no target reads keeps nothing from running. Inside a subgraph anything may be read. */
  private isNeeded(node: GraphNode): boolean {
    const { store, workspace } = this.tab;
    if (store.path !== "") return true;
    const graph = store.graph();
    const readers = [node.id, ...downstreamOf(graph, [node.id])].flatMap((id) => graph.nodes.get(id) ?? []);
    return readers.some(({ type, mode }) => mode === "run" && workspace.specs.get(type)?.is_target === true);
  }
}

/** A problem that the editor found, as people read it. */
export function sentenceOf({ code, input = "", given = "", taken = "" }: LocalProblem): string {
  return t(`local.${code}`, { input: input.replaceAll("_", " "), given, taken });
}
