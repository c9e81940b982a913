/** The nodes of a file: API entries, and what the file says of them in `modes`, `controls` and `layout`. */

import type { Control, Graph, GraphNode, Literal, Members, Mode, NodeId, Value } from "../document/types.ts";
import { isMembers, membersOf, numberIn, restOf, textIn } from "./members.ts";

const WRAPPED = "__value__";
const MODES: readonly string[] = ["run", "mute", "bypass"] satisfies Mode[];
const CONTROLS: readonly string[] = ["fixed", "increment", "decrement", "randomize"] satisfies Control[];

interface NodesReading {
  readonly nodes: ReadonlyMap<NodeId, GraphNode>;
  readonly unplaced: readonly NodeId[];
  /** What is not said of any node. */
  readonly rest: { readonly members: Members; readonly layout: Members };
}

export function readNodes(members: Members, places: Members): NodesReading {
  const entries = membersOf(members["nodes"]);
  const modes = membersOf(members["modes"]);
  const { controls, unread } = readControls(membersOf(members["controls"]), entries);
  const nodes = new Map<NodeId, GraphNode>();
  const unplaced: NodeId[] = [];
  for (const [id, entry] of Object.entries(entries)) {
    if (!isNode(entry)) continue;
    const place = membersOf(places[id]);
    const [x, y] = [numberIn(place, "x"), numberIn(place, "y")];
    if (x === undefined || y === undefined) unplaced.push(id);
    nodes.set(
      id,
      readNode(id, entry, entries, {
        x: x ?? 0,
        y: y ?? 0,
        mode: MODES.includes(modes[id] as string) ? (modes[id] as Mode) : "run",
        ...(controls.has(id) && { controls: controls.get(id)! }),
        ...readPlace(place),
      }),
    );
  }
  const unknown = (name: string, written: Members): [string, Members][] => {
    const left = Object.entries(written).filter(([id]) => !nodes.has(id));
    return left.length > 0 ? [[name, Object.fromEntries(left)]] : [];
  };
  const malformed = Object.entries(modes).filter(([id, mode]) => nodes.has(id) && !MODES.includes(mode as string));
  const leftModes = { ...Object.fromEntries(unknown("modes", modes))["modes"], ...Object.fromEntries(malformed) };
  return {
    nodes,
    unplaced,
    rest: {
      members: Object.fromEntries([
        ...unknown("nodes", entries),
        ...(Object.keys(leftModes).length > 0 ? [["modes", leftModes] as const] : []),
        ...(Object.keys(unread).length > 0 ? [["controls", unread] as const] : []),
      ]),
      layout: Object.fromEntries(unknown("nodes", places)),
    },
  };
}

/** The members of a file that its nodes are spread over. */
export function writeNodes(graph: Graph): { nodes: Members; modes: Members; controls: Members; places: Members } {
  const nodes: [string, Literal][] = [];
  const modes: [string, Literal][] = [];
  const controls: [string, Literal][] = [];
  const places: [string, Literal][] = [];
  for (const node of graph.nodes.values()) {
    nodes.push([node.id, writeNode(node)]);
    if (node.mode !== "run") modes.push([node.id, node.mode]);
    for (const [input, control] of Object.entries(node.controls ?? {})) controls.push([`${node.id}.${input}`, control]);
    places.push([node.id, writePlace(node)]);
  }
  const [all, off, after, where] = [nodes, modes, controls, places].map((each) => Object.fromEntries(each) as Members);
  return { nodes: all!, modes: off!, controls: after!, places: where! };
}

/** An input as the API format writes it: a link as `[node, output]`, a list wrapped, any other literal as it is. */
export function writeValue(value: Value): Literal {
  if ("link" in value) return [value.link.node, value.link.output];
  const { literal } = value;
  return Array.isArray(literal) || isWrapped(literal) ? { [WRAPPED]: literal } : literal;
}

function readNode(
  id: NodeId,
  entry: Members,
  entries: Members,
  said: Pick<GraphNode, "x" | "y" | "mode"> & Partial<GraphNode>,
): GraphNode {
  const meta = membersOf(entry["_meta"]);
  const title = textIn(meta, "title");
  const restOfMeta = title === undefined ? undefined : restOf(meta, ["title"]);
  const known = [
    "class_type",
    ...(isMembers(entry["inputs"]) ? ["inputs"] : []),
    ...(title === undefined ? [] : ["_meta"]),
  ];
  const rest = { ...restOf(entry, known), ...(restOfMeta && { _meta: restOfMeta }) };
  const inputs = Object.entries(membersOf(entry["inputs"])).map(
    ([name, value]) => [name, readValue(value, entries)] as const,
  );
  return {
    id,
    type: entry["class_type"] as string,
    inputs: Object.fromEntries(inputs),
    ...(title !== undefined && { title }),
    ...said,
    ...(Object.keys(rest).length > 0 && { rest }),
  };
}

function writeNode({ type, title, inputs, rest }: GraphNode): Members {
  const values = Object.entries(inputs).map(([name, value]) => [name, writeValue(value)] as const);
  const meta = title === undefined ? undefined : { ...membersOf(rest?.["_meta"]), title };
  return { class_type: type, inputs: Object.fromEntries(values), ...rest, ...(meta && { _meta: meta }) };
}

/** `[3, 0]` is a link that lost its quotes where there is a node 3, as the Python side reads it too. */
function readValue(written: Literal, entries: Members): Value {
  if (Array.isArray(written) && written.length === 2) {
    const [node, output] = written as readonly Literal[];
    if (isOutput(output) && typeof node === "string") return { link: { node, output } };
    if (isOutput(output) && isOutput(node) && String(node) in entries) return { link: { node: String(node), output } };
  }
  return { literal: isWrapped(written) ? written[WRAPPED]! : written };
}

function isOutput(value: Literal | undefined): value is number {
  return typeof value === "number" && Number.isInteger(value);
}

function isWrapped(value: Literal): value is Members {
  return isMembers(value) && Object.keys(value).length === 1 && WRAPPED in value;
}

function isNode(entry: Literal): entry is Members {
  return (
    isMembers(entry) &&
    typeof entry["class_type"] === "string" &&
    entry["class_type"] !== "" &&
    (entry["inputs"] == null || isMembers(entry["inputs"]))
  );
}

function readPlace(place: Members): Partial<GraphNode> & { layoutRest?: Members } {
  const [width, height] = [numberIn(place, "width"), numberIn(place, "height")];
  const color = textIn(place, "color");
  const known = ["x", "y"];
  if (width !== undefined) known.push("width");
  if (height !== undefined) known.push("height");
  if (color !== undefined) known.push("color");
  if (typeof place["collapsed"] === "boolean") known.push("collapsed");
  const rest = restOf(place, known);
  return {
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(color !== undefined && { color }),
    ...(place["collapsed"] === true && { collapsed: true }),
    ...(rest && { layoutRest: rest }),
  };
}

function writePlace({ x, y, width, height, collapsed, color, layoutRest }: GraphNode): Members {
  return {
    ...layoutRest,
    x,
    y,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(collapsed && { collapsed }),
    ...(color !== undefined && { color }),
  };
}

/** Controls by node. A key is `node.input`, and both may have points in their names. */
function readControls(
  written: Members,
  entries: Members,
): { controls: ReadonlyMap<NodeId, Record<string, Control>>; unread: Members } {
  const controls = new Map<NodeId, Record<string, Control>>();
  const unread: [string, Literal][] = [];
  for (const [key, control] of Object.entries(written)) {
    const place = placeIn(key, entries);
    if (!place || !CONTROLS.includes(control as string)) {
      unread.push([key, control]);
      continue;
    }
    controls.set(place.node, { ...controls.get(place.node), [place.input]: control as Control });
  }
  return { controls, unread: Object.fromEntries(unread) };
}

function placeIn(key: string, entries: Members): { node: NodeId; input: string } | undefined {
  for (let at = key.lastIndexOf("."); at > 0; at = key.lastIndexOf(".", at - 1)) {
    const node = key.slice(0, at);
    if (Object.hasOwn(entries, node) && isNode(entries[node]!)) return { node, input: key.slice(at + 1) };
  }
  return undefined;
}
