/** What a workflow is in the editor: plain values, no React. Written to and read from `patchbay/1` by `files/patchbay.ts`. */

export type NodeId = string;

/** Whole numbers that a double cannot hold (seeds go to 2^64 − 1) are BigInt. */
export type Literal =
  string | number | bigint | boolean | null | readonly Literal[] | { readonly [key: string]: Literal };

/** Named JSON values: a file, or the part of it that the editor does not know. */
export type Members = Readonly<Record<string, Literal>>;

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
  /** What the file says of this node, and of its place, and the editor does not know: written back as it was. */
  readonly rest?: Members;
  readonly layoutRest?: Members;
}

/** A titled area; the nodes that lie in it move with it. */
export interface Frame extends Rect {
  readonly id: string;
  readonly title: string;
  readonly color?: string;
  readonly collapsed?: boolean;
  readonly rest?: Members;
}

export interface Note extends Rect {
  readonly id: string;
  readonly text: string;
  readonly color?: string;
  readonly rest?: Members;
}

/** What part of a graph was seen last: the middle of the window, in the graph's units. */
export interface View extends Point {
  readonly zoom: number;
}

/** A graph: the document's own, or that of a subgraph definition. */
export interface Graph {
  readonly nodes: ReadonlyMap<NodeId, GraphNode>;
  readonly frames: ReadonlyMap<string, Frame>;
  readonly notes: ReadonlyMap<string, Note>;
  readonly view?: View | undefined;
}

/** A named input, of a subgraph or of the whole workflow: the node inputs that it feeds. */
export interface InputPort {
  readonly name: string;
  readonly ends: readonly (readonly [node: NodeId, input: string])[];
  /** Its type where no end says it. */
  readonly socket?: string;
  readonly about?: string;
  readonly rest?: Members;
}

/** A named output: the node output that it shows; null where the file named none. */
export interface OutputPort {
  readonly name: string;
  readonly end: readonly [node: NodeId, output: number] | null;
  readonly socket?: string;
  readonly about?: string;
  readonly rest?: Members;
}

/** A subgraph: a node of the type `subgraph:<id>` is one of its instances, and output i of it is output port i. */
export interface Definition {
  readonly id: string;
  readonly title: string;
  readonly graph: Graph;
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
  readonly rest?: Members;
}

/** Where an edit takes place: "" is the document's own graph, else a definition's id. */
export type GraphId = string;

export interface WorkflowDocument {
  readonly title: string;
  readonly graph: Graph;
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
  /** Members of the file that the editor does not know: written back as they were. */
  readonly rest: Members;
}

/** What the server's node list says of one class (`GET /api/v1/nodes`). */
export type Widget =
  | {
      readonly kind: "Range";
      readonly low: number | bigint;
      readonly high: number | bigint;
      readonly step: number | null;
    }
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
  /** Bounds and lists are proposals: the node itself judges what is written. */
  readonly free?: boolean;
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
