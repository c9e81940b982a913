/** Items as text and back: what is copied is a small document of ours, and any document can be pasted. */

import type { Draft } from "../document/draft.ts";
import { parseJson, writeJson } from "../document/json.ts";
import { holds } from "../document/operations/subgraphs.ts";
import { boundsOf } from "../document/geometry.ts";
import { Refused } from "../document/refused.ts";
import { definitionOf, subgraphType } from "../document/subgraph_type.ts";
import type {
  Definition,
  Graph,
  GraphId,
  GraphNode,
  Members,
  NodeId,
  Point,
  Value,
  WorkflowDocument,
} from "../document/types.ts";
import { linkOf, wiresInto } from "../document/wires.ts";
import { membersOf, textIn } from "./members.ts";
import { readDocument, writeDefinition, writeDocument } from "./patchbay.ts";

/** The member that says which nodes outside the copied ones are wired to them, and of which type they are. */
const OUTER = "outer";

/** Where things are pasted, and whether wires from nodes that were not copied are kept where those are there. */
export interface Pasting {
  /** The middle of what is pasted; without it, beside where it was copied from. */
  readonly at?: Point;
  readonly keepOuterWires?: boolean;
}

/** How far beside the original a copy is put. */
const BESIDE = 32;

/** Items of a graph as text. */
export function copyItems(document: WorkflowDocument, graph: Graph, ids: Iterable<string>): string {
  return writeJson(fragmentOf(document, graph, ids), 1);
}

/** Put what a text holds into the graph of a draft, under fresh ids. What was pasted. Raises Refused for other text. */
export function pasteText(draft: Draft, text: string, pasting: Pasting = {}): string[] {
  let file: unknown;
  try {
    file = parseJson(text);
  } catch {
    throw new Refused({ code: "not_a_document" });
  }
  return pasteDocument(draft, file, pasting);
}

/** The same for the members of a file. */
export function pasteDocument(draft: Draft, file: unknown, pasting: Pasting = {}): string[] {
  const { document } = readDocument(file);
  return new Paste(draft, document, pasting).run();
}

/** A copy of items beside them, or with its middle at a place. */
export function duplicateItems(draft: Draft, ids: Iterable<string>, pasting: Pasting = {}): string[] {
  const document = { ...draft.head, graph: draft.graph, definitions: draft.definitions };
  return pasteDocument(draft, fragmentOf(document, draft.graph, ids), pasting);
}

function fragmentOf(document: WorkflowDocument, graph: Graph, ids: Iterable<string>): Members {
  const items = new Set(ids);
  const kept = <Item>(table: ReadonlyMap<string, Item>): ReadonlyMap<string, Item> =>
    new Map([...table].filter(([id]) => items.has(id)));
  const nodes = kept(graph.nodes);
  const outer: [NodeId, string][] = [];
  for (const node of nodes.values()) {
    for (const { from } of wiresInto(node)) {
      const source = nodes.has(from.node) ? undefined : graph.nodes.get(from.node);
      if (source) outer.push([source.id, source.type]);
    }
  }
  const definitions = definitionsIn(nodes.values(), document.definitions);
  const copied = { nodes, frames: kept(graph.frames), notes: kept(graph.notes) };
  const rest = outer.length > 0 ? { [OUTER]: Object.fromEntries(outer) } : {};
  return writeDocument({ title: "", graph: copied, definitions, inputs: [], outputs: [], rest });
}

/** The definitions that nodes need, with those that they need in turn. */
function definitionsIn(
  nodes: Iterable<GraphNode>,
  definitions: ReadonlyMap<GraphId, Definition>,
): ReadonlyMap<GraphId, Definition> {
  const needed = new Map<GraphId, Definition>();
  const waiting = Array.from(nodes);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const definition = definitions.get(definitionOf(node.type) ?? "");
    if (!definition || needed.has(definition.id)) continue;
    needed.set(definition.id, definition);
    waiting.push(...definition.graph.nodes.values());
  }
  return needed;
}

class Paste {
  readonly #draft: Draft;
  readonly #from: WorkflowDocument;
  readonly #pasting: Pasting;
  readonly #ids = new Map<string, string>();
  readonly #definitions = new Map<GraphId, GraphId>();

  constructor(draft: Draft, from: WorkflowDocument, pasting: Pasting) {
    this.#draft = draft;
    this.#from = from;
    this.#pasting = pasting;
  }

  run(): string[] {
    const { graph } = this.#draft;
    const { nodes, frames, notes } = this.#from.graph;
    this.#bringDefinitions();
    for (const id of [...frames.keys(), ...nodes.keys(), ...notes.keys()]) this.#ids.set(id, graph.freshId());
    const shift = this.#shift();
    for (const frame of frames.values()) graph.setFrame({ ...frame, ...shift(frame), id: this.#ids.get(frame.id)! });
    for (const note of notes.values()) graph.setNote({ ...note, ...shift(note), id: this.#ids.get(note.id)! });
    for (const node of nodes.values()) {
      const inputs = Object.entries(node.inputs).flatMap(([name, value]): [string, Value][] => {
        const there = this.#value(value);
        return there ? [[name, there]] : [];
      });
      graph.setNode({
        ...node,
        ...shift(node),
        id: this.#ids.get(node.id)!,
        type: this.#type(node.type),
        inputs: Object.fromEntries(inputs),
      });
    }
    return [...this.#ids.values()];
  }

  #shift(): (place: Point) => Point {
    const { nodes, frames, notes } = this.#from.graph;
    const corners = Array.from(nodes.values(), ({ x, y }) => ({ x, y, width: 0, height: 0 }));
    const bounds = boundsOf([...corners, ...frames.values(), ...notes.values()]);
    const { at } = this.#pasting;
    if (!at || !bounds) return ({ x, y }) => ({ x: x + BESIDE, y: y + BESIDE });
    const [dx, dy] = [at.x - bounds.x - bounds.width / 2, at.y - bounds.y - bounds.height / 2];
    return ({ x, y }) => ({ x: Math.round(x + dx), y: Math.round(y + dy) });
  }

  /** A value as the copy has it; undefined for a wire from outside that is not kept. */
  #value(value: Value): Value | undefined {
    const link = linkOf(value);
    if (!link) return value;
    const inner = this.#ids.get(link.node);
    if (inner !== undefined) return { link: { node: inner, output: link.output } };
    const type = textIn(membersOf(this.#from.rest[OUTER]), link.node);
    const there =
      this.#pasting.keepOuterWires && type !== undefined && this.#draft.graph.nodes.get(link.node)?.type === type;
    return there ? value : undefined;
  }

  #type(type: string): string {
    const id = this.#definitions.get(definitionOf(type) ?? "");
    return id === undefined ? type : subgraphType(id);
  }

  /** A definition that is the same here, with all that it holds, is used; another one of its name gets a new id. */
  #bringDefinitions(): void {
    const strange = this.#strangers();
    for (const id of this.#from.definitions.keys()) this.#definitions.set(id, id);
    for (const each of strange) this.#definitions.set(each.id, this.#draft.freshDefinitionId(each.id));
    for (const each of strange) {
      const nodes = Array.from(each.graph.nodes.values(), (node): [NodeId, GraphNode] => [
        node.id,
        { ...node, type: this.#type(node.type) },
      ]);
      this.#draft.setDefinition({
        ...each,
        id: this.#definitions.get(each.id)!,
        graph: { ...each.graph, nodes: new Map(nodes) },
      });
    }
    for (const [, id] of this.#definitions) {
      if (!holds(this.#draft, id, this.#draft.graph.id)) continue;
      throw new Refused({ code: "recursive", title: this.#draft.definitions.get(id)!.title });
    }
  }

  /** The definitions that are not here, or differ from those here, be it deep inside. */
  #strangers(): ReadonlySet<Definition> {
    const strange = new Set<Definition>();
    const all = [...this.#from.definitions.values()];
    const isStrange = (each: Definition): boolean => {
      const present = this.#draft.definitions.get(each.id);
      if (!present || writeJson(writeDefinition(present)) !== writeJson(writeDefinition(each))) return true;
      return [...definitionsIn(each.graph.nodes.values(), this.#from.definitions).values()].some((inner) =>
        strange.has(inner),
      );
    };
    for (let before = -1; before !== strange.size;) {
      before = strange.size;
      for (const each of all) if (!strange.has(each) && isStrange(each)) strange.add(each);
    }
    return strange;
  }
}
