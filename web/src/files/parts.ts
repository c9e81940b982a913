/** Frames, notes, and named inputs and outputs as a file has them. */

import type { Frame, InputPort, Literal, Members, Note, OutputPort } from "../document/types.ts";
import { isMembers, numberIn, restOf, textIn } from "./members.ts";

const FRAME = { width: 480, height: 320 };
const NOTE = { width: 320, height: 160 };

interface Items<Kind> {
  readonly items: ReadonlyMap<string, Kind>;
  readonly unplaced: readonly string[];
  /** Entries that are none, or the whole member where it is no list. */
  readonly unread: Literal | undefined;
}

/** The file's `groups`. Ids that are missing, or `taken` by another item, are made up. */
export function readFrames(written: Literal | undefined, taken: Set<string>): Items<Frame> {
  return readItems(written, "group", taken, (id, entry) => {
    const { area, known } = readArea(entry, FRAME);
    const [title, color] = [textIn(entry, "title"), textIn(entry, "color")];
    const rest = restOf(entry, ["id", "title", "collapsed", ...(color === undefined ? [] : ["color"]), ...known]);
    return {
      id,
      title: title ?? "",
      ...area,
      ...(color !== undefined && { color }),
      ...(entry["collapsed"] === true && { collapsed: true }),
      ...(rest && { rest }),
    };
  });
}

/** The file's `notes`. A note is what has a text. */
export function readNotes(written: Literal | undefined, taken: Set<string>): Items<Note> {
  return readItems(written, "note", taken, (id, entry) => {
    const text = textIn(entry, "text");
    if (text === undefined) return undefined;
    const { area, known } = readArea(entry, NOTE);
    const color = textIn(entry, "color");
    const rest = restOf(entry, ["id", "text", ...(color === undefined ? [] : ["color"]), ...known]);
    return { id, text, ...area, ...(color !== undefined && { color }), ...(rest && { rest }) };
  });
}

export function writeFrame({ id, title, x, y, width, height, color, collapsed, rest }: Frame): Members {
  return {
    id,
    ...(title !== "" && { title }),
    x,
    y,
    width,
    height,
    ...(color !== undefined && { color }),
    ...(collapsed && { collapsed }),
    ...rest,
  };
}

export function writeNote({ id, text, x, y, width, height, color, rest }: Note): Members {
  return { id, text, x, y, width, height, ...(color !== undefined && { color }), ...rest };
}

interface PortsReading {
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
  readonly unread: Literal | undefined;
}

/** The file's `inputs` (whose ends are called `to`) or `outputs` (`from`). An output that is none keeps its place. */
export function readPorts(written: Literal | undefined, side: "to" | "from"): PortsReading {
  if (written === undefined) return { inputs: [], outputs: [], unread: undefined };
  if (!Array.isArray(written)) return { inputs: [], outputs: [], unread: written };
  const inputs: InputPort[] = [];
  const outputs: OutputPort[] = [];
  const unread: Literal[] = [];
  for (const entry of written as readonly Literal[]) {
    const input = side === "to" ? readInputPort(entry) : undefined;
    if (side === "from") outputs.push(readOutputPort(entry));
    else if (input) inputs.push(input);
    else unread.push(entry);
  }
  return { inputs, outputs, unread: unread.length > 0 ? unread : undefined };
}

export function writeInputPort({ name, ends, socket, about, rest }: InputPort): Members {
  return { name, to: ends.map(([node, input]) => [node, input]), ...aboutPort({ socket, about }), ...rest };
}

export function writeOutputPort({ name, end, socket, about, rest }: OutputPort): Members {
  return { ...(name !== "" && { name }), ...(end && { from: [...end] }), ...aboutPort({ socket, about }), ...rest };
}

function readInputPort(entry: Literal): InputPort | undefined {
  if (!isMembers(entry) || typeof entry["name"] !== "string" || !Array.isArray(entry["to"])) return undefined;
  const ends = entry["to"] as readonly Literal[];
  if (!ends.every((end) => Array.isArray(end) && end.length === 2 && end.every((part) => typeof part === "string")))
    return undefined;
  return { name: entry["name"], ends: ends as InputPort["ends"], ...readAbout(entry, ["name", "to"]) };
}

function readOutputPort(entry: Literal): OutputPort {
  if (!isMembers(entry)) return { name: "", end: null };
  const from = entry["from"];
  const isEnd = Array.isArray(from) && from.length === 2 && typeof from[0] === "string" && Number.isInteger(from[1]);
  const end = isEnd ? ([from[0], from[1]] as [string, number]) : null;
  const name = textIn(entry, "name");
  return {
    name: name ?? "",
    end,
    ...readAbout(entry, [...(name === undefined ? [] : ["name"]), ...(isEnd ? ["from"] : [])]),
  };
}

function readAbout(entry: Members, known: readonly string[]): Pick<InputPort, "about" | "socket" | "rest"> {
  const [about, socket] = [textIn(entry, "about"), textIn(entry, "socket")];
  const read = [...known, ...(about === undefined ? [] : ["about"]), ...(socket === undefined ? [] : ["socket"])];
  const rest = restOf(entry, read);
  return { ...(socket !== undefined && { socket }), ...(about !== undefined && { about }), ...(rest && { rest }) };
}

function aboutPort({ socket, about }: { socket: string | undefined; about: string | undefined }): Members {
  return { ...(about !== undefined && { about }), ...(socket !== undefined && { socket }) };
}

function readItems<Kind>(
  written: Literal | undefined,
  kind: string,
  taken: Set<string>,
  read: (id: string, entry: Members) => Kind | undefined,
): Items<Kind> {
  if (written === undefined) return { items: new Map(), unplaced: [], unread: undefined };
  if (!Array.isArray(written)) return { items: new Map(), unplaced: [], unread: written };
  const items = new Map<string, Kind>();
  const unplaced: string[] = [];
  const unread: Literal[] = [];
  for (const entry of written as readonly Literal[]) {
    const id = isMembers(entry) ? freeId(textIn(entry, "id") ?? "", kind, taken) : "";
    const item = isMembers(entry) ? read(id, entry) : undefined;
    if (item === undefined) {
      unread.push(entry);
      continue;
    }
    taken.add(id);
    items.set(id, item);
    if (numberIn(entry as Members, "x") === undefined || numberIn(entry as Members, "y") === undefined)
      unplaced.push(id);
  }
  return { items, unplaced, unread: unread.length > 0 ? unread : undefined };
}

function freeId(wanted: string, kind: string, taken: ReadonlySet<string>): string {
  let id = wanted;
  for (let number = 1; id === "" || taken.has(id); number++) id = `${kind} ${number}`;
  return id;
}

function readArea(entry: Members, usual: { width: number; height: number }) {
  const [x, y] = [numberIn(entry, "x") ?? 0, numberIn(entry, "y") ?? 0];
  const area = {
    x,
    y,
    width: numberIn(entry, "width") ?? usual.width,
    height: numberIn(entry, "height") ?? usual.height,
  };
  const known = ["x", "y", "width", "height"].filter((name) => numberIn(entry, name) !== undefined);
  return { area, known };
}
