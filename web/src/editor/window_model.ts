/**
 * Which nodes and wires React Flow is given: those near the view. It is told anew only when the view crosses a step, or
 * when what is near changes; objects of nodes that stay are the same objects.
 */

import type { Edge, Node } from "@xyflow/react";
import { Position } from "@xyflow/react";

import { outputPlace, rectOf, shapeOf, inputPlace } from "../document/geometry.ts";
import { inputsOf } from "../document/specs.ts";
import type { Frame, GraphNode, Note, NodeId, Point, Rect } from "../document/types.ts";
import { wiresFrom, wiresInto } from "../document/wires.ts";
import type { Wire as GraphWire } from "../document/wires.ts";
import { language } from "../strings/index.ts";
import type { Scene } from "./scene.ts";
import { Topic } from "./topic.ts";
import type { WireEdge } from "./wire.tsx";
import { wireLabel } from "./wire_label.ts";
import type { Workspace } from "./workspace.ts";

/** In graph units: how coarsely the window moves, and how far it reaches beyond the view. */
const STEP = 200;
const MARGIN = 160;
/** Wires of a node with more readers than this are painted, not mounted, where their other end is out of sight. */
const MOST_OUTSIDE = 200;

export interface Window {
  readonly nodes: Node[];
  readonly edges: Edge[];
}

const EMPTY: Window = { nodes: [], edges: [] };

interface Known {
  readonly item: GraphNode | Frame | Note;
  readonly spec: unknown;
  readonly selected: boolean;
  readonly hidden: boolean;
  readonly node: Node;
}

interface KnownEdge {
  readonly edge: WireEdge;
  /** What its name was made of. */
  readonly named: readonly unknown[];
}

export class WindowModel {
  readonly window = new Topic<Window>(EMPTY);
  private area = "";
  private readonly nodes = new Map<string, Known>();
  private readonly edges = new Map<string, KnownEdge>();
  private readonly stops: readonly (() => void)[];

  constructor(
    private readonly workspace: Workspace,
    private readonly scene: Scene,
  ) {
    const { view, selection, wire } = workspace;
    this.stops = [
      view.subscribe(this.follow),
      scene.subscribe(this.refresh),
      selection.subscribe(this.refresh),
      wire.subscribe(this.refresh),
    ];
    this.refresh();
  }

  /** Whether a node is on the page. */
  shows = (id: string): boolean => this.nodes.get(id)?.hidden === false;

  dispose(): void {
    this.stops.forEach((stop) => stop());
  }

  private readonly follow = (): void => {
    if (this.areaNow().key !== this.area) this.refresh();
  };

  private areaNow(): { readonly key: string; readonly rect: Rect | null } {
    const { view } = this.workspace;
    if (view.isFar) return { key: "far", rect: null };
    const { x, y, width, height } = view.visible();
    const left = Math.floor((x - MARGIN) / STEP) * STEP;
    const top = Math.floor((y - MARGIN) / STEP) * STEP;
    const right = Math.ceil((x + width + MARGIN) / STEP) * STEP;
    const bottom = Math.ceil((y + height + MARGIN) / STEP) * STEP;
    return {
      key: `${left} ${top} ${right} ${bottom}`,
      rect: { x: left, y: top, width: right - left, height: bottom - top },
    };
  }

  private readonly refresh = (): void => {
    const { key, rect } = this.areaNow();
    this.area = key;
    if (rect === null) {
      this.nodes.clear();
      this.edges.clear();
      this.window.set(EMPTY);
      return;
    }
    this.window.set(this.windowOf(new Set(this.scene.within(rect))));
  };

  private windowOf(near: ReadonlySet<string>): Window {
    const graph = this.workspace.store.graph();
    const wires = new Map<string, GraphWire>();
    for (const id of near) {
      const node = graph.nodes.get(id);
      if (node === undefined) continue;
      for (const wire of wiresInto(node)) if (graph.nodes.has(wire.from.node)) wires.set(`${id}\n${wire.input}`, wire);
      const few = graph.wires.readers(id).size <= MOST_OUTSIDE;
      for (const wire of wiresFrom(graph, graph.wires, id)) {
        if (few || near.has(wire.to)) wires.set(`${wire.to}\n${wire.input}`, wire);
      }
    }
    const outside = new Set<NodeId>();
    for (const { from, to } of wires.values()) for (const id of [from.node, to]) if (!near.has(id)) outside.add(id);
    const nodes = [...near].flatMap((id) => this.nodeOf(id, false) ?? []);
    for (const id of outside) nodes.push(this.nodeOf(id, true)!);
    for (const id of this.nodes.keys()) if (!near.has(id) && !outside.has(id)) this.nodes.delete(id);
    const edges = [...wires].map(([id, wire]) => this.edgeOf(id, wire));
    for (const id of this.edges.keys()) if (!wires.has(id)) this.edges.delete(id);
    return { nodes, edges };
  }

  private nodeOf(id: string, hidden: boolean): Node | undefined {
    const { workspace } = this;
    const item = workspace.item(id);
    if (item === undefined) return undefined;
    const spec = "inputs" in item ? workspace.spec(item) : null;
    const selected = workspace.selection.has(id);
    const known = this.nodes.get(id);
    if (known?.item === item && known.spec === spec && known.selected === selected && known.hidden === hidden)
      return known.node;
    const node = this.madeNode(item, selected, hidden);
    this.nodes.set(id, { item, spec, selected, hidden, node });
    return node;
  }

  private madeNode(item: GraphNode | Frame | Note, selected: boolean, hidden: boolean): Node {
    const common = { id: item.id, position: { x: item.x, y: item.y }, selected, hidden, data: {} };
    if (!("inputs" in item)) {
      const type = "text" in item ? "note" : "frame";
      const { width, height } = item;
      return { ...common, type, width, height, zIndex: type === "frame" ? -1000 : selected ? 900 : 0, handles: [] };
    }
    const spec = this.workspace.spec(item);
    const { width, height } = rectOf(item, spec);
    const at = ({ x, y }: Point): { x: number; y: number; width: number; height: number } => ({
      x: x - item.x,
      y: y - item.y,
      width: 0, // wires begin at the middle of a socket, not at the edge of what can be pressed
      height: 0,
    });
    const shown = shapeOf(item, spec).rows.length > 0 ? inputsOf(item, spec).map(({ name }) => name) : [];
    const inputs = new Set([...shown, ...Object.keys(item.inputs)]);
    return {
      ...common,
      type: "node",
      width,
      height,
      zIndex: selected ? 1000 : 1,
      handles: [
        ...[...inputs].map((name) => ({
          id: `in:${name}`,
          type: "target" as const,
          position: Position.Left,
          ...at(inputPlace(item, spec, name)),
        })),
        ...spec.outputs.map((_, index) => ({
          id: `out:${index}`,
          type: "source" as const,
          position: Position.Right,
          ...at(outputPlace(item, spec, index)),
        })),
      ],
    };
  }

  private edgeOf(id: string, { from, to, input }: GraphWire): WireEdge {
    const { workspace } = this;
    const chosen = workspace.wire.get();
    const selected = chosen !== null && chosen.to.node === to && chosen.to.input === input;
    const socket = workspace.socketAt(from);
    const ends = [workspace.node(from.node), workspace.node(to)];
    const idle = ends.some((end) => end?.mode !== "run");
    const before = this.edges.get(id);
    const known = before?.edge;
    const handle = `out:${from.output}`;
    const named = [language(), from.output, ...ends, ...ends.map((end) => end && workspace.spec(end))];
    const isNamed = before !== undefined && named.every((part, index) => part === before.named[index]);
    const ariaLabel = isNamed ? before.edge.ariaLabel! : wireLabel(workspace, from, { node: to, input });
    if (
      known?.source === from.node &&
      known.sourceHandle === handle &&
      known.selected === selected &&
      known.data?.socket === socket &&
      known.data.idle === idle &&
      known.ariaLabel === ariaLabel
    ) {
      if (!isNamed) this.edges.set(id, { edge: known, named });
      return known;
    }
    const edge: WireEdge = {
      id,
      type: "wire",
      source: from.node,
      sourceHandle: handle,
      target: to,
      targetHandle: `in:${input}`,
      selected,
      ariaLabel,
      data: { output: from.output, input, socket, idle },
    };
    this.edges.set(id, { edge, named });
    return edge;
  }
}
