/** A picture of a graph as SVG: frames, wires, nodes with their values, notes. Text only, so it stays small and sharp. */

import { HEADER, inputPlace, outputPlace, type Row, shapeOf } from "../document/geometry.ts";
import { boundsOfItems } from "../document/places.ts";
import { REROUTE } from "../document/reroute.ts";
import type { NodeSpecs } from "../document/specs.ts";
import type { GraphNode, Literal, Point } from "../document/types.ts";
import { outputAt, specOf, type WiredGraph } from "../document/typing.ts";
import { isLinked, wiresOf } from "../document/wires.ts";

/** Colors as SVG takes them. */
export interface Paints {
  readonly background: string;
  readonly node: string;
  readonly header: string;
  readonly border: string;
  readonly text: string;
  readonly faint: string;
  readonly frame: string;
  readonly note: string;
  /** The color of a socket type. */
  readonly socket: (socket: string) => string;
}

const MARGIN = 48;
const LETTER = 7; // about the width of one at 12 pixels
const LINE = 18;
const SOCKET = 5;
/** How much of its own color the head of a node shows, so that its title can be read. */
const TINT = 0.45;

/** The SVG text of a graph; an empty one is a small empty picture. */
export function graphAsSvg(graph: WiredGraph, specs: NodeSpecs, paints: Paints): string {
  const bounds = boundsOfItems(graph, specs) ?? { x: 0, y: 0, width: 0, height: 0 };
  const [x, y] = [bounds.x - MARGIN, bounds.y - MARGIN];
  const [width, height] = [bounds.width + 2 * MARGIN, bounds.height + 2 * MARGIN];
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${x} ${y} ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${safe(paints.background)}"/>`,
    ...Array.from(
      graph.frames.values(),
      (frame) =>
        box(frame, frame.color ?? paints.frame, paints.border, 0.4) +
        text(frame.title, frame.x + 12, frame.y + 24, paints.text, frame.width - 24, { size: 16 }),
    ),
    ...Array.from(wiresOf(graph), ({ from, to, input }) => {
      const [source, target] = [graph.nodes.get(from.node)!, graph.nodes.get(to)!];
      const start = outputPlace(source, specOf(graph, specs, source), from.output);
      const end = inputPlace(target, specOf(graph, specs, target), input);
      return `<path d="${wirePath(start, end)}" fill="none" stroke="${safe(paints.socket(outputAt(graph, specs, from).socket))}" stroke-width="2"/>`;
    }),
    ...Array.from(graph.nodes.values(), (node) => nodeAsSvg(graph, specs, node, paints)),
    ...Array.from(
      graph.notes.values(),
      (note) => box(note, note.color ?? paints.note, paints.border) + lines(note.text, note, paints.text),
    ),
    "</svg>",
  ];
  return parts.join("\n");
}

/** A wire from an output to an input, as path data: it leaves to the right and arrives from the left. */
export function wirePath(from: Point, to: Point): string {
  const reach = Math.max(32, Math.min(160, Math.abs(to.x - from.x) / 2 + (to.x < from.x ? 64 : 0)));
  return `M${from.x} ${from.y}C${from.x + reach} ${from.y} ${to.x - reach} ${to.y} ${to.x} ${to.y}`;
}

function nodeAsSvg(graph: WiredGraph, specs: NodeSpecs, node: GraphNode, paints: Paints): string {
  const spec = specOf(graph, specs, node);
  const { width, height, rows } = shapeOf(node, spec);
  const area = { x: node.x, y: node.y, width, height };
  const opacity = node.mode === "run" ? 1 : 0.5;
  const socket = (place: Point, type: string): string =>
    `<circle cx="${place.x}" cy="${place.y}" r="${SOCKET}" fill="${safe(paints.socket(type))}"/>`;
  const parts = [`<g opacity="${opacity}">`, box(area, paints.node, paints.border)];
  if (node.type !== REROUTE) {
    const head = { ...area, height: Math.min(HEADER, height) };
    parts.push(box(head, paints.header, paints.border));
    if (node.color !== undefined) parts.push(box(head, node.color, paints.border, TINT));
    parts.push(text(node.title ?? spec.title, node.x + 12, node.y + 21, paints.text, width - 24, { size: 13 }));
  }
  for (const row of rows) {
    if (row.input) {
      parts.push(rowAsSvg(node, row, paints, width));
      if (!row.widget || isLinked(node, row.input.name))
        parts.push(socket(inputPlace(node, spec, row.input.name), row.input.socket));
    }
    if (row.output !== null) {
      const made = spec.outputs[row.output]!;
      parts.push(text(made.name, node.x + width - 12, node.y + row.y + 16, paints.text, width / 2, { end: true }));
      parts.push(socket(outputPlace(node, spec, row.output), made.socket));
    }
  }
  return [...parts, "</g>"].join("");
}

function rowAsSvg(node: GraphNode, row: Row, paints: Paints, width: number): string {
  const input = row.input!;
  const at = { x: node.x + 12, y: node.y + row.y + (row.widget ? 20 : 16) };
  const value = node.inputs[input.name];
  const name = text(input.name, at.x, at.y, paints.faint, width / 2);
  if (!row.widget || (value && "link" in value)) return text(input.name, at.x, at.y, paints.text, width / 2);
  const literal = shown(value ? value.literal : input.default);
  if (row.height > 40)
    return name + lines(literal, { x: at.x, y: at.y, width: width - 24, height: row.height - 20 }, paints.text);
  return name + text(literal, node.x + width - 12, at.y, paints.text, width / 2 - 12, { end: true });
}

function box(
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  fill: string,
  stroke: string,
  opacity = 1,
): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="${safe(fill)}" fill-opacity="${opacity}" stroke="${safe(stroke)}"/>`;
}

function text(
  words: string,
  x: number,
  y: number,
  fill: string,
  width: number,
  { size, end = false }: { readonly size?: number; readonly end?: boolean } = {},
): string {
  const style = (size ? ` font-size="${size}"` : "") + (end ? ' text-anchor="end"' : "");
  return `<text x="${x}" y="${y}" fill="${safe(fill)}"${style}>${safe(clipped(words, width))}</text>`;
}

/** Text broken at white space, as much as the area holds. */
function lines(words: string, area: { x: number; y: number; width: number; height: number }, fill: string): string {
  const most = Math.max(1, Math.floor((area.width - 16) / LETTER));
  const rows: string[] = [];
  for (const paragraph of words.split("\n")) {
    let row = "";
    for (const word of paragraph.split(/\s+/)) {
      if (row !== "" && row.length + 1 + word.length > most) {
        rows.push(row);
        row = word;
      } else row = row === "" ? word : `${row} ${word}`;
    }
    rows.push(row);
  }
  const fitting = rows.slice(0, Math.max(1, Math.floor((area.height - 8) / LINE)));
  return fitting.map((row, at) => text(row, area.x + 8, area.y + LINE * (at + 1), fill, area.width - 16)).join("");
}

function clipped(words: string, width: number): string {
  const most = Math.max(1, Math.floor(width / LETTER));
  const letters = [...words.replace(/\s+/g, " ")];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : letters.join("");
}

function shown(literal: Literal): string {
  if (literal === null) return "";
  return typeof literal === "object"
    ? JSON.stringify(literal, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each))
    : String(literal);
}

/** Text that XML takes: marks as entities, without control characters. */
function safe(words: string): string {
  return words
    .replace(/(?![\t\n\r])\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu, "")
    .replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
