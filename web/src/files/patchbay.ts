/**
 * `patchbay/1` files and documents: what is read is what the Python side reads (`workflows/`), and all of it is
 * written back, what the editor does not know included.
 */

import { Refused } from "../document/refused.ts";
import type {
  Definition,
  Graph,
  GraphId,
  InputPort,
  Literal,
  Members,
  OutputPort,
  View,
  WorkflowDocument,
} from "../document/types.ts";
import { readFrames, readNotes, readPorts, writeFrame, writeInputPort, writeNote, writeOutputPort } from "./parts.ts";
import { readNodes, writeNodes } from "./nodes.ts";
import { isMembers, membersOf, numberIn, restOf, textIn } from "./members.ts";

export const FORMAT = "patchbay/1";

/** A document, and the items of each graph that the file gives no place. */
export interface Reading {
  readonly document: WorkflowDocument;
  readonly unplaced: ReadonlyMap<GraphId, ReadonlySet<string>>;
}

/** The members of one graph in a file that have a place in `Graph` or beside it. */
const GRAPH_MEMBERS = ["nodes", "modes", "controls", "layout", "groups", "notes", "inputs", "outputs"];

/** Read a file of ours or a bare API format. Raises Refused for anything else. */
export function readDocument(file: unknown): Reading {
  const members = recognized(file);
  const unplaced = new Map<GraphId, ReadonlySet<string>>();
  const top = readGraph(members);
  unplaced.set("", top.unplaced);
  const definitions = new Map<GraphId, Definition>();
  const unread: [string, Literal][] = [];
  for (const [id, written] of Object.entries(membersOf(members["definitions"]))) {
    if (!isMembers(written) || id === "") {
      unread.push([id, written]);
      continue;
    }
    const { unplaced: items, rest, ...inner } = readGraph(written);
    unplaced.set(id, items);
    const unknown = restOf(rest, titled(written));
    definitions.set(id, { id, title: textIn(written, "title") ?? id, ...inner, ...(unknown && { rest: unknown }) });
  }
  const rest = { ...restOf(top.rest, ["format", "definitions", ...titled(members)]) };
  if (unread.length > 0) rest["definitions"] = Object.fromEntries(unread);
  const { graph, inputs, outputs } = top;
  return { document: { title: textIn(members, "title") ?? "", graph, definitions, inputs, outputs, rest }, unplaced };
}

/** The members of the file that a document is. */
export function writeDocument(document: WorkflowDocument): Members {
  const { title, definitions, rest } = document;
  const written = [...definitions.values()].map((each): [string, Members] => [each.id, writeDefinition(each)]);
  const kept = membersOf(rest["definitions"]);
  return {
    format: FORMAT,
    ...restOf(rest, [...GRAPH_MEMBERS, "definitions"]),
    ...(title === "" ? {} : { title }),
    ...writeGraph(document, rest),
    ...(written.length > 0 || Object.keys(kept).length > 0
      ? { definitions: { ...kept, ...Object.fromEntries(written) } }
      : {}),
  };
}

/** The members that a definition is in its file. */
export function writeDefinition(definition: Definition): Members {
  const { id, title, rest = {} } = definition;
  return { ...(title === id ? {} : { title }), ...restOf(rest, GRAPH_MEMBERS), ...writeGraph(definition, rest) };
}

function titled(members: Members): string[] {
  return textIn(members, "title") === undefined ? [] : ["title"];
}

interface GraphReading {
  readonly graph: Graph;
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
  readonly rest: Members;
  readonly unplaced: ReadonlySet<string>;
}

function readGraph(members: Members): GraphReading {
  const layout = membersOf(members["layout"]);
  const nodes = readNodes(members, membersOf(layout["nodes"]));
  const taken = new Set(nodes.nodes.keys());
  const frames = readFrames(members["groups"], taken);
  const notes = readNotes(members["notes"], taken);
  const inputs = readPorts(members["inputs"], "to");
  const outputs = readPorts(members["outputs"], "from");
  const view = readView(layout["view"]);
  const unknownLayout = { ...restOf(layout, ["nodes", ...(view ? ["view"] : [])]), ...nodes.rest.layout };
  const left: Record<string, Literal | undefined> = {
    ...nodes.rest.members,
    layout: Object.keys(unknownLayout).length > 0 ? unknownLayout : undefined,
    groups: frames.unread,
    notes: notes.unread,
    inputs: inputs.unread,
    outputs: outputs.unread,
  };
  const rest = Object.entries({ ...restOf(members, GRAPH_MEMBERS), ...left }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    graph: { nodes: nodes.nodes, frames: frames.items, notes: notes.items, ...(view && { view }) },
    inputs: inputs.inputs,
    outputs: outputs.outputs,
    rest: Object.fromEntries(rest) as Members,
    unplaced: new Set([...nodes.unplaced, ...notes.unplaced]),
  };
}

function writeGraph(
  { graph, inputs, outputs }: Pick<Definition, "graph" | "inputs" | "outputs">,
  rest: Members,
): Members {
  const { nodes, modes, controls, places } = writeNodes(graph);
  const layout = {
    ...membersOf(rest["layout"]),
    nodes: { ...membersOf(membersOf(rest["layout"])["nodes"]), ...places },
  };
  const frames = [...graph.frames.values()].map(writeFrame);
  const notes = [...graph.notes.values()].map(writeNote);
  return {
    nodes: { ...membersOf(rest["nodes"]), ...nodes },
    ...filled("modes", { ...membersOf(rest["modes"]), ...modes }),
    ...filled("controls", { ...membersOf(rest["controls"]), ...controls }),
    ...listed("inputs", inputs.map(writeInputPort), rest),
    ...listed("outputs", outputs.map(writeOutputPort), rest),
    layout: graph.view ? { ...layout, view: { ...graph.view } } : layout,
    ...listed("groups", frames, rest),
    ...listed("notes", notes, rest),
  };
}

function filled(name: string, members: Members): Members {
  return Object.keys(members).length > 0 ? { [name]: members } : {};
}

/** A list, with what was in the file's and could not be read at its end; a member that was no list at all stays. */
function listed(name: string, items: readonly Members[], rest: Members): Members {
  const unread = rest[name];
  if (unread !== undefined && !Array.isArray(unread)) return { [name]: unread };
  const all = [...items, ...((unread as readonly Literal[] | undefined) ?? [])];
  return all.length > 0 ? { [name]: all } : {};
}

/** As the Python side tells a document of ours from a bare API format. */
function recognized(file: unknown): Members {
  if (!isMembers(file)) throw new Refused({ code: "not_a_document" });
  const format = file["format"];
  if (typeof format === "string" && format.startsWith("patchbay/")) {
    if (format !== FORMAT) throw new Refused({ code: "not_a_document" });
    return file;
  }
  const inner = file["nodes"];
  if (isMembers(inner) && !("class_type" in inner)) return file;
  const prompt = file["prompt"];
  if (isMembers(prompt) && !("class_type" in prompt)) return { nodes: prompt };
  const entries = Object.values(file);
  const isNode = (entry: Literal): boolean => isMembers(entry) && typeof entry["class_type"] === "string";
  if (entries.length === 0 || !entries.some(isNode)) throw new Refused({ code: "not_a_document" });
  return { nodes: file };
}

function readView(written: Literal | undefined): View | undefined {
  const view = membersOf(written);
  const [x, y, zoom] = [numberIn(view, "x"), numberIn(view, "y"), numberIn(view, "zoom")];
  return x === undefined || y === undefined || zoom === undefined || zoom <= 0 ? undefined : { x, y, zoom };
}
