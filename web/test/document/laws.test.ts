/** Laws that hold after any sequence of edits. */

import { describe, expect, it } from "vitest";

import type { Draft } from "../../src/document/draft.ts";
import * as operations from "../../src/document/operations.ts";
import { Refused } from "../../src/document/refused.ts";
import { inputFor, type NodeSpecs } from "../../src/document/specs.ts";
import type { DocumentStore } from "../../src/document/store.ts";
import { definitionOf } from "../../src/document/subgraph_type.ts";
import { outputAt, refusal, specOf } from "../../src/document/typing.ts";
import { wiresFrom, wiresInto, wiresOf } from "../../src/document/wires.ts";
import { copyItems, duplicateItems, pasteText } from "../../src/files/clipboard.ts";
import { readDocument, writeDocument } from "../../src/files/patchbay.ts";
import { frozen, random, storeOf } from "./specimens.ts";

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);

class Hands {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = random(seed);
  }

  whole(below: number): number {
    return Math.floor(this.#random() * below);
  }

  one<Item>(items: Iterable<Item>): Item | undefined {
    const all = [...items];
    return all[this.whole(all.length)];
  }

  some<Item>(items: Iterable<Item>): Item[] {
    return [...items].filter(() => this.#random() < 0.3);
  }
}

type Verb = (draft: Draft, specs: NodeSpecs, hands: Hands) => unknown;

const items = ({ graph }: Draft): string[] => [...graph.nodes.keys(), ...graph.frames.keys(), ...graph.notes.keys()];

const VERBS: readonly Verb[] = [
  (draft, specs, hands) =>
    operations.addNode(draft, hands.one(specs.all())!, { x: hands.whole(900), y: hands.whole(900) }),
  (draft, specs, hands) =>
    operations.addNode(draft, hands.one(specs.all())!, { x: hands.whole(900), y: hands.whole(900) }),
  (draft, _, hands) => operations.removeItems(draft, hands.some(items(draft)).slice(0, 2)),
  (draft, _, hands) => operations.moveItems(draft, hands.some(items(draft)), { x: hands.whole(40), y: 3 }),
  (draft, specs, hands) => wire(draft, specs, hands),
  (draft, specs, hands) => wire(draft, specs, hands),
  (draft, _, hands) => {
    const found = hands.one(wiresOf(draft.graph));
    if (found) operations.disconnect(draft, { node: found.to, input: found.input });
  },
  (draft, _, hands) => {
    const found = hands.one(wiresOf(draft.graph));
    if (found) operations.insertReroute(draft, { node: found.to, input: found.input }, { x: 1, y: 2 });
  },
  (draft, _, hands) =>
    operations.setMode(draft, hands.some(draft.graph.nodes.keys()), hands.one(["run", "mute", "bypass"] as const)!),
  (draft, specs, hands) => operations.frameItems(draft, specs, hands.some(items(draft)), "frame"),
  (draft, _, hands) => operations.editNote(draft, operations.addNote(draft, { x: 1, y: 1 }), `note ${hands.whole(9)}`),
  (draft, specs, hands) => operations.align(draft, specs, hands.some(items(draft)), "left"),
  (draft, _, hands) => duplicateItems(draft, hands.some(items(draft)), { keepOuterWires: hands.whole(2) === 1 }),
  (draft, specs, hands) => operations.makeSubgraph(draft, specs, hands.some(items(draft)), "group"),
  (draft, specs, hands) => {
    const instance = hands.one([...draft.graph.nodes.values()].filter((node) => definitionOf(node.type) !== undefined));
    if (instance) operations.unpackSubgraph(draft, specs, instance.id);
  },
  (draft, _, hands) => {
    const node = hands.one(draft.graph.nodes.values());
    const name = node && hands.one(Object.keys(node.inputs));
    if (node && name !== undefined) operations.promoteInput(draft, { node: node.id, input: name });
  },
  (draft, _, hands) => {
    const port = hands.one(operations.portsOf(draft).inputs);
    if (port) operations.renamePort(draft, "inputs", port.name, `port ${hands.whole(1000)}`);
  },
  (draft, _, hands) => {
    const { outputs } = operations.portsOf(draft);
    if (outputs.length > 0) operations.movePort(draft, "outputs", hands.whole(outputs.length), 0);
  },
  (draft, _, hands) => {
    const side = hands.one(["inputs", "outputs"] as const)!;
    const port = hands.one<{ readonly name: string }>(operations.portsOf(draft)[side]);
    if (port) operations.removePort(draft, side, port.name);
  },
  (draft, specs) => operations.applyControls(draft, specs, () => 0.25),
];

function wire(draft: Draft, specs: NodeSpecs, hands: Hands): void {
  const { graph } = draft;
  const [from, to] = [hands.one(graph.nodes.values()), hands.one(graph.nodes.values())];
  if (!from || !to) return;
  const output = hands.whole(specOf(graph, specs, from).outputs.length);
  const link = { node: from.id, output };
  const input = inputFor(specOf(graph, specs, to), outputAt(graph, specs, link))?.name;
  if (input === undefined || refusal(graph, specs, link, { node: to.id, input })) return;
  operations.connect(draft, link, { node: to.id, input });
}

/** A step of one or a few edits, as one or as a gesture, at times after looking into a subgraph. */
function act(store: DocumentStore, specs: NodeSpecs, hands: Hands): void {
  if (hands.whole(6) === 0) store.goTo([]);
  const instance =
    hands.whole(4) === 0 &&
    hands.one([...store.graph().nodes.values()].filter((node) => definitionOf(node.type) !== undefined));
  if (instance) store.enter(instance.id);
  const asGesture = hands.whole(4) === 0;
  if (asGesture) store.begin("gesture");
  for (let count = 1 + (asGesture ? hands.whole(3) : 0); count > 0; count--) {
    try {
      store.edit("act", (draft) => hands.one(VERBS)!(draft, specs, hands));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }
  if (asGesture) store.commit();
}

describe("after any sequence of edits", () => {
  it.each(SEEDS)("undo gives back the very same documents one by one, and redo does too (%i)", (seed) => {
    const { store, specs } = storeOf();
    const hands = new Hands(seed);
    const states = [frozen(store.document)];
    for (let count = 0; count < 40; count++) {
      const steps = store.history.undo.length;
      act(store, specs, hands);
      if (store.history.undo.length > steps) states.push(frozen(store.document));
    }
    expect(states.length).toBeGreaterThan(10);
    for (const state of states.slice(0, -1).toReversed()) {
      store.undo();
      expect(frozen(store.document)).toEqual(state);
    }
    expect(store.undo()).toBeUndefined();
    for (const state of states.slice(1)) {
      store.redo();
      expect(frozen(store.document)).toEqual(state);
    }
    expect(store.redo()).toBeUndefined();
  });

  it.each(SEEDS)("no wire and no port dangles, and the index knows every reader (%i)", (seed) => {
    const { store, specs } = storeOf();
    const hands = new Hands(1000 + seed);
    for (let count = 0; count < 60; count++) {
      if (hands.whole(5) === 0) store.undo();
      else act(store, specs, hands);
    }
    for (const graph of [store.graph(""), ...[...store.document.definitions.keys()].map((id) => store.graph(id))]) {
      const all = [...graph.nodes.values()].flatMap((node) => [...wiresInto(node)]);
      for (const { from } of all) expect(graph.nodes.has(from.node)).toBe(true);
      const indexed = [...graph.nodes.keys()].flatMap((id) => [...wiresFrom(graph, graph.wires, id)]);
      expect(indexed.length).toBe(all.length);
      const ports = graph.id === "" ? store.document : store.document.definitions.get(graph.id)!;
      for (const [node] of ports.inputs.flatMap((port) => port.ends)) expect(graph.nodes.has(node)).toBe(true);
      for (const { end } of ports.outputs) if (end) expect(graph.nodes.has(end[0])).toBe(true);
    }
  });

  it.each(SEEDS)("a file gives back the same document (%i)", (seed) => {
    const { store, specs } = storeOf();
    const hands = new Hands(2000 + seed);
    for (let count = 0; count < 40; count++) act(store, specs, hands);
    const { document, unplaced } = readDocument(writeDocument(store.document));
    const again = writeDocument(document);
    expect(again).toEqual(writeDocument(store.document));
    expect([...unplaced.values()].every((ids) => ids.size === 0)).toBe(true);
  });

  it.each(SEEDS)("a copy of everything is the same graph under other ids (%i)", (seed) => {
    const { store, specs } = storeOf();
    const hands = new Hands(3000 + seed);
    for (let count = 0; count < 30; count++) act(store, specs, hands);
    store.goTo([]);
    const before = [...store.graph().nodes.values()];
    const pasted = store.edit("paste", (draft) =>
      pasteText(draft, copyItems(store.document, store.graph(), items(draft))),
    );
    const copies = pasted.flatMap((id) => store.graph().nodes.get(id) ?? []);
    const shape = (nodes: typeof before): unknown => {
      const places = new Map(nodes.map(({ id }, at) => [id, at]));
      return nodes.map((node) => [
        node.type,
        node.title,
        node.mode,
        [...wiresInto(node)].map(({ from, input }) => [input, from.output, places.get(from.node)]),
      ]);
    };
    expect(shape(copies)).toEqual(shape(before));
  });
});
