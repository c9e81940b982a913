import { describe, expect, it } from "vitest";

import {
  boundsOf,
  contains,
  HEADER,
  inputPlace,
  outputPlace,
  overlaps,
  rectOf,
  shapeOf,
  snapped,
  TEXT_WIDTH,
  WIDTH,
} from "../../src/document/geometry.ts";
import { CELL, GridIndex } from "../../src/document/grid.ts";
import {
  addFrame,
  addNote,
  align,
  distribute,
  fitFrame,
  frameItems,
  moveItems,
  resize,
  setCollapsed,
  snap,
} from "../../src/document/operations.ts";
import { areaOf, indexNodes, itemsIn, withContents } from "../../src/document/places.ts";
import { SelectionStore } from "../../src/document/selection.ts";
import type { Rect } from "../../src/document/types.ts";
import { documentOf, node, random, SPECS, storeOf } from "./specimens.ts";

const sample = SPECS.get("Sample")!;

describe("a node's shape", () => {
  it("has a row for each pair of sockets and each widget, one below the other, within its height", () => {
    for (const spec of SPECS.all()) {
      const { rows, height, preview } = shapeOf(node("1", spec.name), spec);
      let y = rows.length > 0 ? HEADER : 0;
      for (const row of rows) {
        expect(row.y).toBeGreaterThanOrEqual(y);
        y = row.y + row.height;
      }
      expect((preview?.y ?? y) + (preview?.height ?? 0)).toBeLessThanOrEqual(height);
    }
    expect(shapeOf(node("1", "Sample"), sample).rows.map(({ input, output }) => [input?.name, output])).toEqual([
      ["model", 0],
      ["positive", null],
      ["negative", null],
      ["latent", null],
      ["seed", null],
      ["steps", null],
      ["cfg", null],
    ]);
  });

  it("is one object for all plain nodes of a type, wherever they are", () => {
    expect(shapeOf(node("1", "Sample"), sample)).toBe(shapeOf(node("2", "Sample", {}, { x: 9 }), sample));
    expect([
      shapeOf(node("1", "Sample"), sample).width,
      shapeOf(node("1", "Encode"), SPECS.get("Encode")!).width,
    ]).toEqual([WIDTH, TEXT_WIDTH]);
  });

  it("gives what is left of a larger node to its text or its picture, and cannot be too small", () => {
    const encode = SPECS.get("Encode")!;
    const [usual, high] = [
      shapeOf(node("1", "Encode"), encode),
      shapeOf(node("1", "Encode", {}, { height: 600 }), encode),
    ];
    expect(high.height).toBe(600);
    expect(high.rows.at(-1)!.height - usual.rows.at(-1)!.height).toBe(600 - usual.height);
    const save = SPECS.get("Save")!;
    expect(shapeOf(node("1", "Save", {}, { height: 900 }), save).preview!.height).toBeGreaterThan(
      shapeOf(node("1", "Save"), save).preview!.height + 400,
    );
    expect(shapeOf(node("1", "Encode", {}, { width: 1, height: 1 }), encode)).toMatchObject({ height: usual.height });
  });

  it("puts sockets at its edges, and all at the header where it is collapsed", () => {
    const open = node("1", "Sample", {}, { x: 100, y: 50 });
    const { rows } = shapeOf(open, sample);
    expect(inputPlace(open, sample, "model")).toEqual({ x: 100, y: 50 + rows[0]!.y + rows[0]!.height / 2 });
    expect(outputPlace(open, sample, 0)).toEqual({ x: 100 + WIDTH, y: 50 + rows[0]!.y + rows[0]!.height / 2 });
    const closed = { ...open, collapsed: true };
    expect(rectOf(closed, sample).height).toBe(HEADER);
    for (const place of [
      inputPlace(closed, sample, "cfg"),
      inputPlace(closed, sample, "nothing"),
      outputPlace(closed, sample, 0),
    ])
      expect(place.y).toBe(50 + HEADER / 2);
  });

  it("of one with a growing input grows with what is wired", () => {
    const batch = SPECS.get("Batch")!;
    const rows = [{}, { image_1: ["a", 0] as const }, { image_1: ["a", 0] as const, image_2: ["b", 0] as const }].map(
      (inputs) => shapeOf(node("1", "Batch", inputs), batch).rows.length,
    );
    expect(rows).toEqual([1, 2, 3]);
  });
});

describe("areas", () => {
  it("meet, hold each other, and have bounds", () => {
    const [a, b] = [
      { x: 0, y: 0, width: 10, height: 10 },
      { x: 5, y: 5, width: 3, height: 3 },
    ];
    expect([overlaps(a, b), overlaps(a, { ...b, x: 11 }), contains(a, b), contains(b, a)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(boundsOf([b, { x: -1, y: 2, width: 0, height: 9 }])).toEqual({ x: -1, y: 2, width: 9, height: 9 });
    expect(boundsOf([])).toBeNull();
    expect([snapped(23), snapped(-9), snapped(24, 10)]).toEqual([16, -16, 20]);
  });
});

describe("the grid", () => {
  it("finds what a search through everything finds, after any changes", () => {
    const next = random(3);
    const grid = new GridIndex();
    const all = new Map<string, Rect>();
    const rect = (spread: number): Rect => ({
      x: (next() - 0.5) * spread,
      y: (next() - 0.5) * spread,
      width: next() ** 4 * spread,
      height: next() * 400,
    });
    for (let count = 0; count < 3000; count++) {
      const id = String(Math.floor(next() * 200));
      if (next() < 0.3) {
        grid.delete(id);
        all.delete(id);
      } else {
        const area = rect(12 * CELL);
        grid.set(id, area);
        all.set(id, area);
      }
      if (count % 50 > 0) continue;
      const window = rect(4 * CELL);
      expect([...grid.near(window)].sort()).toEqual(
        [...all]
          .filter(([, area]) => overlaps(area, window))
          .map(([each]) => each)
          .sort(),
      );
    }
    expect(grid.size).toBe(all.size);
    grid.clear();
    expect(grid.near({ x: -1e9, y: -1e9, width: 2e9, height: 2e9 }).size).toBe(0);
  });

  it("of a store follows its edits, undo, and wider definitions", () => {
    const { store, specs } = storeOf();
    const { grid, stop } = indexNodes(store, specs, "");
    const same = (): void => {
      for (const id of store.graph().nodes.keys()) expect(grid.area(id)).toEqual(areaOf(store.graph(), specs, id));
      expect(grid.size).toBe(store.graph().nodes.size);
    };
    same();
    store.edit("move", (draft) => moveItems(draft, ["1", "2"], { x: 9000, y: 0 }));
    same();
    store.edit("collapse", (draft) => setCollapsed(draft, ["3"], true));
    same();
    store.undo();
    store.edit("drop", (draft) => draft.graph.dropNode("7"));
    same();
    stop();
    store.undo();
    expect(grid.area("7")).toBeUndefined();
  });
});

describe("frames", () => {
  it("hold what lies in them, notes and smaller frames included, and fit around it", () => {
    const { store, specs } = storeOf(
      documentOf([node("1", "Empty", {}, { x: 100, y: 100 }), node("2", "Empty", {}, { x: 2000, y: 0 })]),
    );
    const [frame, inner, note] = store.edit("frame", (draft) => [
      addFrame(draft, { x: 0, y: 0, width: 900, height: 900 }),
      addFrame(draft, { x: 10, y: 10, width: 50, height: 50 }),
      addNote(draft, { x: 400, y: 400 }),
    ]);
    const { frames } = store.graph();
    expect(itemsIn(store.graph(), specs, frames.get(frame)!).sort()).toEqual(["1", inner, note].sort());
    expect([...withContents(store.graph(), specs, [frame, "2"])].sort()).toEqual(["1", "2", frame, inner, note].sort());
    store.edit("fit", (draft) => fitFrame(draft, specs, frame));
    expect(itemsIn(store.graph(), specs, frames.get(frame)!).sort()).toEqual(["1", inner, note].sort());
    expect(frames.get(frame)!.width).toBeLessThan(900);
  });

  it("around nothing are none", () => {
    const { store, specs } = storeOf();
    expect(store.edit("frame", (draft) => frameItems(draft, specs, []))).toBeUndefined();
    expect(store.history.undo).toEqual([]);
  });
});

describe("arranging", () => {
  const open = () =>
    storeOf(
      documentOf(
        [0, 1, 2].map((at) =>
          node(String(at), at === 1 ? "Encode" : "Empty", {}, { x: at * 130 + 3, y: at * at * 100 }),
        ),
      ),
    );
  const areas = ({ store, specs }: ReturnType<typeof open>) =>
    ["0", "1", "2"].map((id) => areaOf(store.graph(), specs, id)!);

  it.each([
    ["left", (area: Rect) => area.x],
    ["center", (area: Rect) => area.x + area.width / 2],
    ["right", (area: Rect) => area.x + area.width],
    ["top", (area: Rect) => area.y],
    ["middle", (area: Rect) => area.y + area.height / 2],
    ["bottom", (area: Rect) => area.y + area.height],
  ] as const)("aligns at the %s", (kind, edge) => {
    const world = open();
    const before = boundsOf(areas(world));
    world.store.edit("align", (draft) => align(draft, world.specs, ["0", "1", "2"], kind));
    expect(new Set(areas(world).map(edge)).size).toBe(1);
    const after = boundsOf(areas(world))!;
    expect(contains(before!, after)).toBe(true);
  });

  it("distributes with equal gaps between the outermost", () => {
    const world = open();
    const before = areas(world);
    world.store.edit("distribute", (draft) => distribute(draft, world.specs, ["2", "0", "1"], "vertical"));
    const [first, second, third] = areas(world);
    expect(second!.y - first!.y - first!.height).toBeCloseTo(third!.y - second!.y - second!.height);
    expect([first!.y, third!.y]).toEqual([before[0]!.y, before[2]!.y]);
  });

  it("snaps to the grid, and resizes", () => {
    const { store } = open();
    store.edit("snap", (draft) => snap(draft, ["0", "1"], 16));
    expect([store.graph().nodes.get("0")!.x, store.graph().nodes.get("1")!.x]).toEqual([0, 128]);
    store.edit("resize", (draft) => resize(draft, "1", { width: 500, height: 400 }));
    expect(store.graph().nodes.get("1")).toMatchObject({ width: 500, height: 400 });
  });
});

describe("a selection", () => {
  it("tells each item of itself only, and nobody where nothing changes", () => {
    const selection = new SelectionStore();
    const heard: string[] = [];
    selection.subscribe(() => heard.push("all"));
    const stop = selection.subscribeItem("1", () => heard.push("1"));
    selection.set(["1", "2"]);
    selection.set(["2", "1"]);
    selection.toggle("2");
    selection.add(["3"]);
    stop();
    selection.remove(["1"]);
    expect(heard).toEqual(["1", "all", "all", "all", "all"]);
    expect([...selection.items]).toEqual(["3"]);
    selection.clear();
    expect(selection.has("3")).toBe(false);
  });

  it("forgets what is gone", () => {
    const { store } = storeOf();
    const selection = new SelectionStore();
    selection.set(["1", "nobody"]);
    selection.retain(store.graph());
    expect([...selection.items]).toEqual(["1"]);
  });
});
