/** What a workflow is in the editor: plain values, no React. Written to and read from `patchbay/1` by `file.ts`. */

export type NodeId = string;

/** Whole numbers that a double cannot hold (seeds go to 2^64 − 1) are BigInt. */
export type Literal =
  string | number | bigint | boolean | null | readonly Literal[] | { readonly [key: string]: Literal };

/** A wire as its input sees it: which node, and which of its outputs. */
export interface Link {
  readonly node: NodeId;
  readonly output: number;
}

export type Value = { readonly literal: Literal } | { readonly link: Link };
export type Mode = "run" | "mute" | "bypass";
export type Control = "fixed" | "increment" | "decrement" | "randomize";

export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Rect extends Point {
  readonly width: number;
  readonly height: number;
}

/** One placed node. Values are replaced, never changed in place: equal identity means nothing changed. */
export interface GraphNode extends Point {
  readonly id: NodeId;
  /** The class, or `subgraph:<definition id>`. */
  readonly type: string;
  readonly title?: string;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly controls?: Readonly<Record<string, Control>>;
  readonly mode: Mode;
  /** Absent: as the node list says. */
  readonly width?: number;
  readonly height?: number;
  readonly collapsed?: boolean;
  readonly color?: string;
  /** What the file says of this node and the editor does not know: written back as it was. */
  readonly rest?: Readonly<Record<string, Literal>>;
}

export interface Frame extends Rect {
  readonly id: string;
  readonly title: string;
  readonly color?: string;
  readonly collapsed?: boolean;
}

export interface Note extends Rect {
  readonly id: string;
  readonly text: string;
  readonly color?: string;
}

/** A graph: the document's own, or that of a subgraph definition. */
export interface Graph {
  readonly nodes: ReadonlyMap<NodeId, GraphNode>;
  readonly frames: ReadonlyMap<string, Frame>;
  readonly notes: ReadonlyMap<string, Note>;
}

/** A named and typed input or output, of a subgraph or of the whole workflow. */
export interface Port {
  readonly name: string;
  readonly socket: string;
  readonly tip?: string;
  /** Of an input: the node inputs that it feeds. Of an output: the one node output that it shows. */
  readonly ends: readonly (readonly [NodeId, string | number])[];
  readonly default?: Literal;
}

export interface Definition {
  readonly id: string;
  readonly title: string;
  readonly graph: Graph;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly rest?: Readonly<Record<string, Literal>>;
}

/** Where an edit takes place: "" is the document's own graph, else a definition's id. */
export type GraphId = string;

export interface WorkflowDocument {
  readonly title: string;
  readonly graph: Graph;
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Members of the file that the editor does not know: written back as they were. */
  readonly rest: Readonly<Record<string, Literal>>;
}

/** What the server's node list says of one class (`GET /api/v1/nodes`). */
export type Widget =
  | { readonly kind: "Range"; readonly low: number; readonly high: number; readonly step: number | null }
  | { readonly kind: "Seed" }
  | { readonly kind: "Text"; readonly multiline: boolean }
  | { readonly kind: "Choice"; readonly source: string }
  | { readonly kind: "Options"; readonly values: readonly (string | number)[] };

export interface InputSpec {
  readonly name: string;
  readonly socket: string;
  readonly required: boolean;
  readonly default: Literal;
  readonly widget: Widget | null;
  readonly lazy: boolean;
  readonly many: boolean;
  readonly growing: string | null;
  readonly tip: string;
}

export interface OutputSpec {
  readonly name: string;
  readonly socket: string;
  readonly many: boolean;
  readonly kinds: readonly string[];
}

export interface NodeSpec {
  readonly name: string;
  readonly title: string;
  readonly category: string;
  readonly description: string;
  readonly inputs: readonly InputSpec[];
  readonly outputs: readonly OutputSpec[];
  readonly is_target: boolean;
  readonly version: number;
  readonly aliases: readonly string[];
}
