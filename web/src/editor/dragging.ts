/** Moving items: all that is selected moves with the one that is held, frames take along what lies in them. */

import { snapped } from "../document/geometry.ts";
import { insertOnWire, moveItems } from "../document/operations.ts";
import { withContents } from "../document/places.ts";
import { isLinked } from "../document/wires.ts";
import type { NodeId, Point, Rect } from "../document/types.ts";
import { t } from "../strings/index.ts";
import type { Scene } from "./scene.ts";
import { Topic } from "./topic.ts";
import type { Workspace } from "./workspace.ts";

/** A line that the moved items are aligned to. */
export interface Guide {
  readonly axis: "x" | "y";
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** Screen pixels within which an edge is drawn to another one. */
const PULL = 6;

export class Dragging {
  readonly guides = new Topic<readonly Guide[]>([]);
  private moved: { readonly ids: ReadonlySet<string>; readonly start: Rect; at: Point } | null = null;

  constructor(
    private readonly workspace: Workspace,
    private readonly scene: Scene,
  ) {}

  /** An item is held: from now on it and all that goes with it move. */
  begin(id: string): void {
    const { workspace } = this;
    const rect = workspace.rectOf(id);
    if (rect === undefined) return;
    const held = workspace.selection.has(id) ? workspace.selection.items : [id];
    const ids = withContents(workspace.store.graph(), workspace.specs, held);
    this.moved = { ids, start: rect, at: rect };
    workspace.store.begin(t("step.move"));
  }

  /** The held item would be at a place: it goes there, or where it is in line with others. */
  move(place: Point, free = false): void {
    if (this.moved === null) return;
    const { ids, start, at } = this.moved;
    const { x, y } = free ? place : this.aligned({ ...start, ...place });
    const by = { x: x - at.x, y: y - at.y };
    if (by.x === 0 && by.y === 0) return;
    this.moved.at = { x, y };
    this.workspace.store.edit(t("step.move"), (draft) => moveItems(draft, ids, by));
  }

  /** Let go; over a wire, a node that nothing is linked to is put into it. */
  end(over: { readonly node: NodeId; readonly input: string } | null): void {
    if (this.moved === null) return;
    const [only, ...others] = this.moved.ids;
    const { store, specs } = this.workspace;
    if (over !== null && only !== undefined && others.length === 0 && this.isAlone(only)) {
      store.edit(t("step.insert"), (draft) => insertOnWire(draft, specs, over, only));
    }
    store.commit();
    this.stop();
  }

  /** Put everything back; false where nothing is being dragged. */
  cancel(): boolean {
    if (this.moved === null) return false;
    this.workspace.store.rollback();
    this.stop();
    return true;
  }

  private stop(): void {
    this.moved = null;
    this.guides.set([]);
  }

  private isAlone(id: NodeId): boolean {
    const graph = this.workspace.store.graph();
    const node = graph.nodes.get(id);
    return (
      node !== undefined &&
      graph.wires.readers(id).size === 0 &&
      !Object.keys(node.inputs).some((input) => isLinked(node, input))
    );
  }

  private aligned(rect: Rect): Point {
    const { view, services } = this.workspace;
    const ids = this.moved!.ids;
    const pull = PULL / view.zoom;
    const others = this.scene
      .within(view.visible())
      .flatMap((id) => (ids.has(id) ? [] : (this.workspace.rectOf(id) ?? [])));
    const x = nearest(
      rect.x,
      rect.width,
      others.map((other) => [other.x, other.width, other]),
      pull,
    );
    const y = nearest(
      rect.y,
      rect.height,
      others.map((other) => [other.y, other.height, other]),
      pull,
    );
    const snap = services.preferences.get().snap;
    const at = {
      x: x === null ? (snap ? snapped(rect.x) : Math.round(rect.x)) : x.start,
      y: y === null ? (snap ? snapped(rect.y) : Math.round(rect.y)) : y.start,
    };
    const guides: Guide[] = [];
    if (x !== null) guides.push({ axis: "x", at: x.line, ...range(at.y, rect.height, x.other.y, x.other.height) });
    if (y !== null) guides.push({ axis: "y", at: y.line, ...range(at.x, rect.width, y.other.x, y.other.width) });
    this.guides.set(guides);
    return at;
  }
}

type Side = readonly [start: number, length: number, other: Rect];

/** The nearest line, at the beginning, middle or end of another item, that a side lies close to. */
function nearest(
  start: number,
  length: number,
  others: readonly Side[],
  pull: number,
): { start: number; line: number; other: Rect } | null {
  let best: { start: number; line: number; other: Rect } | null = null;
  let distance = pull;
  for (const [from, size, other] of others) {
    for (const part of [0, 0.5, 1]) {
      const line = from + size * part;
      const off = Math.abs(line - (start + length * part));
      if (off >= distance) continue;
      distance = off;
      best = { start: Math.round(line - length * part), line, other };
    }
  }
  return best;
}

function range(start: number, length: number, otherStart: number, otherLength: number): { from: number; to: number } {
  return { from: Math.min(start, otherStart), to: Math.max(start + length, otherStart + otherLength) };
}
