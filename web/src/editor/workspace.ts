/** What one tab of the editor works with: the document and its selection, what is seen of it, its run, and the page around it. */

import type { Artifact } from "../api/types.ts";
import { inputPlace, outputPlace, shapeOf } from "../document/geometry.ts";
import { areaOf, boundsOfItems } from "../document/places.ts";
import type { SelectionStore } from "../document/selection.ts";
import type { NodeSpecs, Wanted } from "../document/specs.ts";
import { inputNamed } from "../document/specs.ts";
import type { DocumentStore } from "../document/store.ts";
import type { Frame, GraphId, GraphNode, InputSpec, Note, NodeId, NodeSpec, Point, Rect } from "../document/types.ts";
import { inputAt, outputAt, refusal, specOf } from "../document/typing.ts";
import { t } from "../strings/index.ts";
import type { ChoiceLists } from "./choice_lists.ts";
import type { End, Wire, Wiring } from "./connecting.ts";
import { Connecting } from "./connecting.ts";
import { finishWire, pictureInputOf } from "./editing.ts";
import type { Plan } from "./plan.tsx";
import type { Place } from "./popover.tsx";
import { RunView } from "./run_view.ts";
import { Topic } from "./topic.ts";
import { View } from "./view.ts";

export interface Preferences {
  readonly snap: boolean;
  /** What the mouse wheel does; with Ctrl it always zooms. */
  readonly wheel: "zoom" | "pan";
  readonly minimap: boolean;
}

/** A search for a node type, and what to do with the one that is chosen. */
export interface Search {
  /** On the page. */
  readonly at: Place;
  readonly wanted: Wanted;
  readonly choose: (spec: NodeSpec) => void;
}

/** What the page around the editor does for it. */
export interface Services {
  readonly choices: ChoiceLists;
  readonly preferences: Topic<Preferences>;
  /** The address of a small picture of a file of the input folder. */
  readonly inputPicture: (name: string) => string;
  /** The address of the file itself. */
  readonly inputFile: (name: string) => string;
  /** Puts a file into the input folder; the name that it has there. */
  readonly upload: (file: Blob, name: string) => Promise<string>;
  readonly search: (search: Search) => void;
  readonly showPicture: (artifacts: readonly Artifact[], index: number) => void;
  /** Says what went wrong, in a sentence. */
  readonly fail: (sentence: string) => void;
}

/** What is open over the canvas. */
export type Overlay =
  | {
      readonly kind: "menu";
      readonly at: Place;
      readonly place: Point;
      readonly on: string | null;
      /** The socket or widget that was pressed. */
      readonly end?: End | undefined;
    }
  | { readonly kind: "wire"; readonly at: Place; readonly place: Point; readonly wire: Wire }
  | { readonly kind: "sockets"; readonly at: Place; readonly node: NodeId }
  | { readonly kind: "partners"; readonly at: Place; readonly end: End }
  | { readonly kind: "refused"; readonly at: Place; readonly start: End; readonly end: End }
  | { readonly kind: "find"; readonly at: Place }
  | { readonly kind: "name"; readonly at: Place; readonly node: NodeId }
  | { readonly kind: "mask"; readonly node: NodeId; readonly input: string };

/** Of frames and notes. */
const LEAST = { width: 80, height: 80 };

export class Workspace {
  readonly view = new View();
  readonly runs = new RunView();
  readonly overlay = new Topic<Overlay | null>(null);
  /** The item that the keyboard is at. */
  readonly focused = new Topic<string | null>(null);
  /** The wire that is selected, by the input that holds it. */
  readonly wire = new Topic<Wire | null>(null);
  /** What is told to those who cannot see it. */
  readonly said = new Topic("");
  /** The item whose title is being written. */
  readonly renaming = new Topic<string | null>(null);
  /** What a run would do now, where it was asked for. */
  readonly plan = new Topic<Plan | null>(null);
  /** Why the nodes ran in the run that is shown, where that is known. */
  readonly reasons = new Topic<Plan | null>(null);
  readonly connecting: Connecting;
  readonly wiring: Wiring;
  /** The widget whose value is being dragged or typed: all of it is one step. */
  gesture: string | null = null;
  /** Whether the paste that comes keeps wires from nodes that were not copied. */
  pastesWired = false;

  constructor(
    readonly store: DocumentStore,
    readonly selection: SelectionStore,
    readonly specs: NodeSpecs,
    readonly services: Services,
  ) {
    this.wiring = {
      node: (id: NodeId) => store.graph().nodes.get(id),
      refusal: ({ from, to }: Wire) => refusal(store.graph(), specs, from, to),
      converters: (wire: Wire) => this.converters(wire),
    };
    this.connecting = new Connecting(this.wiring, (drawing, end) =>
      finishWire(this, drawing, end, this.view.toPage(this.placeOf(end))),
    );
  }

  node(id: NodeId): GraphNode | undefined {
    return this.store.graph().nodes.get(id);
  }

  item(id: string): GraphNode | Frame | Note | undefined {
    const { nodes, frames, notes } = this.store.graph();
    return nodes.get(id) ?? frames.get(id) ?? notes.get(id);
  }

  spec(node: GraphNode): NodeSpec {
    return specOf(this.store.graph(), this.specs, node);
  }

  /** An input as a node shows it, one of a growing family too. */
  input(id: NodeId, name: string): InputSpec | undefined {
    const node = this.node(id);
    return node && inputNamed(this.spec(node), name);
  }

  /** The type at an end of a wire, looked for through reroutes. */
  socketAt(end: End): string {
    const graph = this.store.graph();
    if (end.input === undefined) return outputAt(graph, this.specs, end).socket;
    return inputAt(graph, this.specs, end.node, end.input).socket;
  }

  /** Where the socket at an end of a wire is, in the graph. */
  placeOf(end: End): Point {
    const node = this.node(end.node);
    if (node === undefined) return { x: 0, y: 0 };
    const spec = this.spec(node);
    return end.input === undefined ? outputPlace(node, spec, end.output) : inputPlace(node, spec, end.input);
  }

  /** What a new node must have to be wired to this end. */
  wantedAt(end: End): Wanted {
    const graph = this.store.graph();
    if (end.input === undefined) return { from: outputAt(graph, this.specs, end) };
    return { to: inputAt(graph, this.specs, end.node, end.input) };
  }

  converters({ from, to }: Wire): readonly NodeSpec[] {
    const graph = this.store.graph();
    const input = inputAt(graph, this.specs, to.node, to.input);
    return this.specs.converters(outputAt(graph, this.specs, from), input);
  }

  titleOf(node: GraphNode): string {
    return node.title ?? this.spec(node).title;
  }

  rectOf(id: string): Rect | undefined {
    return areaOf(this.store.graph(), this.specs, id);
  }

  /** What an item cannot be made smaller than. */
  leastSize(id: string): { readonly width: number; readonly height: number } {
    const node = this.node(id);
    return node === undefined ? LEAST : shapeOf(node, this.spec(node)).least;
  }

  /** The area of these items, or of all; null for none. */
  boundsOf(ids?: Iterable<string>): Rect | null {
    return boundsOfItems(this.store.graph(), this.specs, ids);
  }

  /** Everything of the graph that is edited. */
  *items(): Generator<string> {
    const { nodes, frames, notes } = this.store.graph();
    yield* nodes.keys();
    yield* frames.keys();
    yield* notes.keys();
  }

  /** What a run calls a node of the graph that is edited. */
  runId(id: NodeId): NodeId {
    return [...this.store.trail, id].join(":");
  }

  /** The seed with which the last run was sent off. */
  lastSeed(node: NodeId, input: string): number | bigint | undefined {
    return this.seeds.get(`${this.runId(node)}.${input}`);
  }

  /** By `node.input`, as a run calls them; the page notes them before controls change them. */
  seeds: ReadonlyMap<string, number | bigint> = new Map();

  /** The input by which a node names a picture. */
  pictureInput(id: NodeId): string | undefined {
    const node = this.node(id);
    return node && pictureInputOf(this.spec(node));
  }

  say(text: string): void {
    this.said.set(text);
  }

  /** Select one item, bring it into sight and put the keyboard there. */
  goTo(id: string): void {
    const rect = this.rectOf(id);
    if (rect === undefined) return;
    this.selection.set([id]);
    this.view.reveal(rect);
    this.focused.set(id);
  }

  /** Show a graph as it was seen last, else all of it. */
  showGraph(bounds: Rect | null): void {
    const { view } = this.store.graph();
    if (view !== undefined) this.view.center(view, view.zoom, false);
    else if (bounds !== null) this.view.fit(bounds, 1, false);
    else this.view.center({ x: 0, y: 0 }, 1, false);
  }

  /** Remember what is seen of the graph that is edited, for when it is looked at again. */
  rememberView(): void {
    this.store.setView({ ...this.view.middle, zoom: this.view.zoom }, this.shown);
  }

  /** Keep the view and the selection in step with which graph is edited. Returns how to stop. */
  followGraph(bounds: () => Rect | null): () => void {
    this.shown = this.store.path;
    return this.store.subscribe(() => {
      if (this.store.path === this.shown) return;
      this.rememberView();
      this.shown = this.store.path;
      this.selection.retain(this.store.graph());
      this.focused.set(null);
      this.wire.set(null);
      this.showGraph(bounds());
      this.say(this.store.path === "" ? t("said.top") : t("said.inside"));
    });
  }

  private shown: GraphId = "";
}
