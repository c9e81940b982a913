/** Where the parts of a node are, known from its type alone: the DOM is laid out by these numbers, and canvases draw by them. */

import { REROUTE } from "./reroute.ts";
import { inputsOf, takesLiteral } from "./specs.ts";
import type { GraphNode, InputSpec, NodeSpec, Point, Rect } from "./types.ts";

/** Lengths in the graph's units, which are CSS pixels at zoom 1. */
export const HEADER = 32;
export const SOCKET_ROW = 24;
export const WIDGET_ROW = 32;
export const TEXT_ROW = 96;
export const PADDING = 8;
export const PREVIEW = 192;
export const WIDTH = 240;
export const TEXT_WIDTH = 320;
export const LEAST_WIDTH = 140;
export const REROUTE_SIZE = 24;
/** The step of the grid that things snap to. */
export const GRID = 16;

/** One row of a node. A widget's row has its input's socket at its left edge too. */
export interface Row {
  readonly y: number;
  readonly height: number;
  readonly input: InputSpec | null;
  /** The index of the output whose socket is at the right edge. */
  readonly output: number | null;
  readonly widget: boolean;
}

/** The inside of a node, from its upper left corner. */
export interface Shape {
  readonly width: number;
  readonly height: number;
  /** What the node cannot be made smaller than. */
  readonly least: { readonly width: number; readonly height: number };
  readonly rows: readonly Row[];
  /** The place for pictures: results, or the picture that a widget names. */
  readonly preview: { readonly y: number; readonly height: number } | null;
}

const plainShapes = new WeakMap<NodeSpec, Shape>();
const shapes = new WeakMap<GraphNode, { readonly spec: NodeSpec; readonly shape: Shape }>();

/** The shape of a node of a type. Remembered: asked again for the same values, it is the same object. */
export function shapeOf(node: GraphNode, spec: NodeSpec): Shape {
  const plain =
    !node.collapsed && node.width === undefined && node.height === undefined && inputsOf(node, spec) === spec.inputs;
  const known = plain ? plainShapes.get(spec) : shapes.get(node);
  if (known) {
    if (!("spec" in known)) return known;
    if (known.spec === spec) return known.shape;
  }
  const shape = node.type === REROUTE ? REROUTE_SHAPE : node.collapsed ? collapsed(node, spec) : opened(node, spec);
  if (plain) plainShapes.set(spec, shape);
  else shapes.set(node, { spec, shape });
  return shape;
}

export function rectOf(node: GraphNode, spec: NodeSpec): Rect {
  const { width, height } = shapeOf(node, spec);
  return { x: node.x, y: node.y, width, height };
}

/** The middle of an input's socket, in the graph's units; that of the header where the node does not show the input. */
export function inputPlace(node: GraphNode, spec: NodeSpec, input: string): Point {
  const { rows, height } = shapeOf(node, spec);
  const row = rows.find((each) => each.input?.name === input);
  return { x: node.x, y: node.y + (row ? socketHeight(row) : Math.min(HEADER, height) / 2) };
}

/** The middle of an output's socket. */
export function outputPlace(node: GraphNode, spec: NodeSpec, output: number): Point {
  const { width, height, rows } = shapeOf(node, spec);
  const row = rows.find((each) => each.output === output);
  return { x: node.x + width, y: node.y + (row ? socketHeight(row) : Math.min(HEADER, height) / 2) };
}

/** Whether an input is written on many lines. */
export function isMultiline(input: InputSpec): boolean {
  return input.widget?.kind === "Text" && input.widget.multiline;
}

/** Whether two areas have a point in common. */
export function overlaps(a: Rect, b: Rect): boolean {
  return a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height;
}

/** Whether the second area lies wholly in the first. */
export function contains(outer: Rect, inner: Rect): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/** The smallest area that holds all of these; null for none. */
export function boundsOf(rects: Iterable<Rect>): Rect | null {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, width, height } of rects) {
    [left, top] = [Math.min(left, x), Math.min(top, y)];
    [right, bottom] = [Math.max(right, x + width), Math.max(bottom, y + height)];
  }
  return left === Infinity ? null : { x: left, y: top, width: right - left, height: bottom - top };
}

/** A length on the grid. */
export function snapped(length: number, grid: number = GRID): number {
  return Math.round(length / grid) * grid;
}

const REROUTE_SHAPE: Shape = {
  width: REROUTE_SIZE,
  height: REROUTE_SIZE,
  least: { width: REROUTE_SIZE, height: REROUTE_SIZE },
  rows: [],
  preview: null,
};

/** The socket of a high row is level with its first line. */
function socketHeight(row: Row): number {
  return row.y + Math.min(row.height, WIDGET_ROW) / 2;
}

function collapsed(node: GraphNode, spec: NodeSpec): Shape {
  const width = Math.max(LEAST_WIDTH, Math.min(node.width ?? WIDTH, opened(node, spec).width));
  return { width, height: HEADER, least: { width: LEAST_WIDTH, height: HEADER }, rows: [], preview: null };
}

function opened(node: GraphNode, spec: NodeSpec): Shape {
  const inputs = inputsOf(node, spec);
  const sockets = inputs.filter((input) => !takesLiteral(input));
  const widgets = inputs.filter(takesLiteral);
  const texts = widgets.filter(isMultiline).length;
  const pictures = showsPictures(spec);
  const pairs = Math.max(sockets.length, spec.outputs.length);
  const least =
    HEADER +
    PADDING +
    pairs * SOCKET_ROW +
    (widgets.length - texts) * WIDGET_ROW +
    texts * TEXT_ROW +
    (pictures ? PREVIEW : 0) +
    PADDING;
  const height = Math.max(least, node.height ?? 0);
  const spare = height - least;
  const text = TEXT_ROW + (pictures || texts === 0 ? 0 : spare / texts);

  const rows: Row[] = [];
  let y = HEADER + PADDING;
  const add = (row: Omit<Row, "y">): void => {
    rows.push({ ...row, y });
    y += row.height;
  };
  for (let at = 0; at < pairs; at++) {
    add({
      height: SOCKET_ROW,
      input: sockets[at] ?? null,
      output: at < spec.outputs.length ? at : null,
      widget: false,
    });
  }
  for (const input of widgets)
    add({ height: isMultiline(input) ? text : WIDGET_ROW, input, output: null, widget: true });
  return {
    width: Math.max(LEAST_WIDTH, node.width ?? (texts > 0 ? TEXT_WIDTH : WIDTH)),
    height,
    least: { width: LEAST_WIDTH, height: least },
    rows,
    preview: pictures ? { y, height: height - PADDING - y } : null,
  };
}

/** What shows or saves a result, and what reads a picture from a file. */
function showsPictures(spec: NodeSpec): boolean {
  return (
    spec.is_target || spec.inputs.some((input) => input.widget?.kind === "Choice" && input.widget.source === "images")
  );
}
