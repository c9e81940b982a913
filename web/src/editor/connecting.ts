/** A wire that is being drawn: from where, what it fits, and why it does not. */

import type { Reason } from "../document/refused.ts";
import type { GraphNode, Link, NodeId, NodeSpec } from "../document/types.ts";

/** One end of a wire: an output by index or an input by name. */
export type End =
  | { readonly node: NodeId; readonly output: number; readonly input?: undefined }
  | { readonly node: NodeId; readonly input: string; readonly output?: undefined };

export interface Wire {
  readonly from: Link;
  readonly to: { readonly node: NodeId; readonly input: string };
}

/** Whether a wire may be: the wire, or why not and which node types would stand between the two. */
export type Verdict =
  | { readonly wire: Wire; readonly reason: null }
  | {
      readonly wire: Wire | null;
      readonly reason: Reason | { readonly code: "side" };
      readonly converters: readonly NodeSpec[];
    };

/** What is asked of the graph that is edited. */
export interface Wiring {
  node(id: NodeId): GraphNode | undefined;
  refusal(wire: Wire): Reason | undefined;
  converters(wire: Wire): readonly NodeSpec[];
}

export interface Drawing {
  /** Where the wire is held: for one that was taken off an input, the output that it comes from. */
  readonly start: End;
  /** The input that it was taken off. */
  readonly taken: End | null;
  /** Whether it was begun by a tap: the next tap ends it. */
  readonly tapped: boolean;
}

export function handleOf(end: End): string {
  return end.input === undefined ? `out:${end.output}` : `in:${end.input}`;
}

export function endOf(node: NodeId, handle: string): End {
  return handle.startsWith("out:") ? { node, output: Number(handle.slice(4)) } : { node, input: handle.slice(3) };
}

export function sameEnd(left: End, right: End): boolean {
  return left.node === right.node && left.input === right.input && left.output === right.output;
}

export class Connecting {
  private drawing: Drawing | null = null;
  private readonly listeners = new Set<() => void>();
  /** Verdicts of the wire that is being drawn; the graph does not change meanwhile. */
  private readonly verdicts = new Map<string, Verdict>();

  constructor(
    private readonly wiring: Wiring,
    /** Called with both ends when a second tap completes a wire. */
    private readonly complete: (drawing: Drawing, end: End) => void,
  ) {}

  get current(): Drawing | null {
    return this.drawing;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Begin a wire at a socket. A linked input gives the wire that it has. */
  start(end: End, tapped = false): void {
    const link = end.input === undefined ? undefined : linkAt(this.wiring.node(end.node), end.input);
    const start: End = link === undefined ? end : { node: link.node, output: link.output };
    this.drawing = { start, taken: link === undefined ? null : end, tapped };
    this.verdicts.clear();
    this.tell();
  }

  stop(): void {
    if (this.drawing === null) return;
    this.drawing = null;
    this.verdicts.clear();
    this.tell();
  }

  /** The first tap begins a wire, the second ends it. */
  tap(end: End): void {
    if (this.drawing === null) return this.start(end, true);
    const { drawing } = this;
    this.stop();
    if (!sameEnd(drawing.start, end) && !(drawing.taken && sameEnd(drawing.taken, end))) this.complete(drawing, end);
  }

  /** How a socket looks to the wire that is being drawn. */
  look(end: End): "start" | "fits" | "refuses" | null {
    if (this.drawing === null) return null;
    if (sameEnd(this.drawing.start, end)) return "start";
    return this.verdict(end).reason === null ? "fits" : "refuses";
  }

  /** Whether the wire may end here, and why not. */
  verdict(end: End): Verdict {
    const drawing = this.drawing;
    if (drawing === null) return { wire: null, reason: { code: "side" }, converters: [] };
    const key = `${end.node}\n${handleOf(end)}`;
    const known = this.verdicts.get(key);
    if (known !== undefined) return known;
    const judged = judge(this.wiring, drawing.start, end);
    this.verdicts.set(key, judged);
    return judged;
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** Whether a wire may join two sockets, whichever of them is the output. */
export function judge(wiring: Wiring, one: End, other: End): Verdict {
  const wire = wireOf(one, other);
  if (wire === null) return { wire: null, reason: { code: "side" }, converters: [] };
  const reason = wiring.refusal(wire);
  if (reason === undefined) return { wire, reason: null };
  return { wire, reason, converters: reason.code === "type" ? wiring.converters(wire) : [] };
}

/** The wire between two sockets; null where both are inputs, or both outputs. */
export function wireOf(one: End, other: End): Wire | null {
  const [from, to] = one.input === undefined ? [one, other] : [other, one];
  if (from.input !== undefined || to.input === undefined) return null;
  return { from: { node: from.node, output: from.output }, to: { node: to.node, input: to.input } };
}

function linkAt(node: GraphNode | undefined, input: string): Link | undefined {
  const value = node?.inputs[input];
  return value !== undefined && "link" in value ? value.link : undefined;
}
