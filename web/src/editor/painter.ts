/** Draws a graph from far away: areas, titles where they can be read, wires by type, and what the run is at. */

import { HEADER, inputPlace, outputPlace, overlaps } from "../document/geometry.ts";
import type { GraphNode, Point, Rect } from "../document/types.ts";
import type { Scene } from "./scene.ts";
import { paintColor } from "./sockets.ts";
import type { Theme } from "./theme.ts";
import type { Transform } from "./view.ts";
import { reach } from "./wire.tsx";
import type { Workspace } from "./workspace.ts";

/** From this zoom on headers are told from bodies, titles are written, and wires are curves. */
const HEADERS = 0.07;
const TITLES = 0.14;
const CURVES = 0.1;
/** Further than any node and the bend of its wires reach. */
const WIDEST = 2000;
/** Screen pixels of a title, and the most of the graph's units that they may take. */
const TITLE_SIZE = 11;
const LARGEST_TITLE = 40;

export interface Painted {
  readonly workspace: Workspace;
  readonly scene: Scene;
  readonly theme: Theme;
  /** Without wires and titles: on a map. */
  readonly small?: boolean;
}

/** Paint everything that can be seen of the graph. The context is set up for graph units. */
export function paintGraph(
  context: CanvasRenderingContext2D,
  painted: Painted,
  transform: Transform,
  width: number,
  height: number,
): void {
  const area = areaOf(transform, width, height);
  const { zoom } = transform;
  const ids = painted.scene.within(area);
  const { nodes, frames, notes } = painted.workspace.store.graph();
  for (const id of ids) {
    const frame = frames.get(id);
    if (frame === undefined) continue;
    context.fillStyle = frame.color ?? painted.theme.border;
    context.globalAlpha = 0.22;
    context.fillRect(frame.x, frame.y, frame.width, frame.height);
    context.globalAlpha = 1;
  }
  if (!painted.small) paintWires(context, painted, area, zoom, () => true);
  context.fillStyle = painted.theme.note;
  for (const id of ids) {
    const note = notes.get(id);
    if (note !== undefined) context.fillRect(note.x, note.y, note.width, note.height);
  }
  const shown = ids.flatMap((id) => nodes.get(id) ?? []);
  paintNodes(context, painted, shown, zoom);
  if (zoom >= TITLES && !painted.small) paintTitles(context, painted, shown, zoom);
}

/** Paint the wires that cross an area and are not shown otherwise: both of their ends are elsewhere. */
export function paintPassing(
  context: CanvasRenderingContext2D,
  painted: Painted,
  transform: Transform,
  width: number,
  height: number,
  shown: (node: string) => boolean,
): void {
  paintWires(
    context,
    painted,
    areaOf(transform, width, height),
    transform.zoom,
    (from, to) => !shown(from) && !shown(to),
  );
}

function areaOf({ x, y, zoom }: Transform, width: number, height: number): Rect {
  return { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
}

/** By colour: setting a colour costs more than a line. */
function paintWires(
  context: CanvasRenderingContext2D,
  { workspace, scene, theme }: Painted,
  area: Rect,
  zoom: number,
  wanted: (from: string, to: string) => boolean,
): void {
  const graph = workspace.store.graph();
  const paths = new Map<string, Path2D>();
  for (const { from, to, input } of scene.wires()) {
    if (!wanted(from.node, to)) continue;
    const source = graph.nodes.get(from.node)!;
    const node = graph.nodes.get(to)!;
    if (isBeside(area, source, node)) continue;
    const start = outputPlace(source, workspace.spec(source), from.output);
    const end = inputPlace(node, workspace.spec(node), input);
    if (!overlaps(area, spanOf(start, end))) continue;
    const socket = workspace.socketAt(from);
    let path = paths.get(socket);
    if (path === undefined) paths.set(socket, (path = new Path2D()));
    path.moveTo(start.x, start.y);
    const bend = reach(start.x, end.x);
    if (zoom < CURVES) path.lineTo(end.x, end.y);
    else path.bezierCurveTo(start.x + bend, start.y, end.x - bend, end.y, end.x, end.y);
  }
  context.lineWidth = Math.max(2, 1 / zoom);
  context.globalAlpha = 0.75;
  for (const [socket, path] of paths) {
    context.strokeStyle = paintColor(socket, theme);
    context.stroke(path);
  }
  context.globalAlpha = 1;
}

/** Whether two nodes lie so far on one side of an area that no wire between them can cross it. */
function isBeside(area: Rect, one: Point, other: Point): boolean {
  return (
    Math.min(one.x, other.x) > area.x + area.width + WIDEST ||
    Math.max(one.x, other.x) < area.x - WIDEST ||
    Math.min(one.y, other.y) > area.y + area.height ||
    Math.max(one.y, other.y) < area.y - WIDEST
  );
}

function spanOf(start: Point, end: Point): Rect {
  const bend = end.x < start.x ? reach(start.x, end.x) : 0;
  const left = Math.min(start.x, end.x) - bend;
  const top = Math.min(start.y, end.y);
  return { x: left, y: top, width: Math.abs(start.x - end.x) + 2 * bend, height: Math.abs(start.y - end.y) };
}

function paintNodes(
  context: CanvasRenderingContext2D,
  { workspace, theme }: Painted,
  nodes: readonly GraphNode[],
  zoom: number,
): void {
  const line = Math.max(2, 1.5 / zoom);
  for (const node of nodes) {
    const rect = workspace.rectOf(node.id)!;
    const run = workspace.runs.node(workspace.runId(node.id));
    context.globalAlpha = node.mode === "run" ? 1 : 0.45;
    context.fillStyle = zoom < HEADERS ? theme.border : run?.state === "cached" ? theme.cached : theme.surface;
    context.fillRect(rect.x, rect.y, rect.width, rect.height);
    if (zoom >= HEADERS) {
      context.fillStyle = node.color ?? theme.header;
      context.fillRect(rect.x, rect.y, rect.width, Math.min(HEADER, rect.height));
    }
    if (run?.state === "running") {
      context.fillStyle = theme.accent;
      const done = run.total > 0 ? run.done / run.total : 1;
      context.fillRect(rect.x, rect.y + Math.min(HEADER, rect.height) - 8, rect.width * done, 8);
    }
    const color = edgeColor(workspace, theme, node);
    if (color !== null || zoom >= HEADERS) {
      context.strokeStyle = color ?? theme.border;
      context.lineWidth = color === null ? line / 2 : line * 1.5;
      context.strokeRect(rect.x, rect.y, rect.width, rect.height);
    }
  }
  context.globalAlpha = 1;
}

/** The colour of what must be seen from afar; null for none. */
function edgeColor(workspace: Workspace, theme: Theme, node: GraphNode): string | null {
  const id = workspace.runId(node.id);
  const state = workspace.runs.node(id)?.state;
  if (state === "failed" || workspace.runs.problems(id).some(({ severity }) => severity === "error"))
    return theme.danger;
  if (state === "running" || workspace.selection.has(node.id)) return theme.accent;
  return null;
}

function paintTitles(
  context: CanvasRenderingContext2D,
  { workspace, theme }: Painted,
  nodes: readonly GraphNode[],
  zoom: number,
): void {
  const size = Math.min(LARGEST_TITLE, TITLE_SIZE / zoom);
  context.fillStyle = theme.text;
  context.font = `600 ${size}px ${theme.font}`;
  context.textBaseline = "middle";
  for (const node of nodes) {
    const rect = workspace.rectOf(node.id)!;
    if (rect.width < 60) continue;
    const room = Math.floor((rect.width - 16) / (size * 0.56));
    const title = workspace.titleOf(node);
    context.fillText(
      title.length > room ? `${title.slice(0, room - 1)}…` : title,
      rect.x + 8,
      rect.y + Math.min(rect.height / 2, Math.max(HEADER / 2, size * 0.7)),
    );
  }
}
