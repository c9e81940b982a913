import { describe, expect, it } from "vitest";

import { addNode, applyControls, controlled, setControl, setInput } from "../../src/document/operations.ts";
import type { Control, Literal } from "../../src/document/types.ts";
import { random, storeOf, widget } from "./specimens.ts";

const seed = widget("seed", "INT", { kind: "Seed" }, 0);
const range = widget("steps", "INT", { kind: "Range", low: 8, high: 64, step: 8 }, 8);

describe("after a run", () => {
  it.each<[Literal, Control, Literal]>([
    [7, "fixed", 7],
    [7, "increment", 8],
    [7, "decrement", 6],
    [Number.MAX_SAFE_INTEGER, "increment", 2n ** 53n],
    [2n ** 53n, "decrement", Number.MAX_SAFE_INTEGER],
    [2n ** 64n - 1n, "increment", 0],
    [0, "decrement", 2n ** 64n - 1n],
    ["text", "increment", "text"],
  ])("the seed %s, %s, is %s", (from, control, to) => {
    expect(controlled(from, control, seed)).toBe(to);
  });

  it("a number with bounds moves by its step within them", () => {
    expect([
      controlled(8, "increment", range),
      controlled(64, "increment", range),
      controlled(8, "decrement", range),
    ]).toEqual([16, 8, 64]);
  });

  it("drawn seeds are whole, at least 0 and below 2^53, and spread over all of it", () => {
    const next = random(4);
    const drawn = Array.from({ length: 2000 }, () => controlled(0, "randomize", seed, next) as number);
    expect(drawn.every((each) => Number.isSafeInteger(each) && each >= 0)).toBe(true);
    expect(Math.max(...drawn)).toBeGreaterThan(0.99 * 2 ** 53);
    expect(Math.min(...drawn)).toBeLessThan(0.01 * 2 ** 53);
    expect(new Set(drawn).size).toBe(2000);
    expect([controlled(0, "randomize", seed, () => 0), controlled(0, "randomize", seed, () => 1 - 2 ** -53)]).toEqual([
      0,
      2 ** 53 - 1,
    ]);
    const small = Array.from({ length: 200 }, () =>
      controlled(0, "randomize", widget("x", "INT", { kind: "Range", low: 3, high: 5, step: 1 }), next),
    );
    expect([...new Set(small)].sort()).toEqual([3, 4, 5]);
  });

  it("only what has a control, is not linked, and runs is changed, in one step", () => {
    const { store, specs } = storeOf();
    store.edit("control", (draft) => setControl(draft, "5", "seed", "increment"));
    store.edit("run", (draft) => applyControls(draft, specs));
    expect(store.graph().nodes.get("5")!.inputs["seed"]).toEqual({ literal: 8 });
    expect(store.history.undo).toEqual(["control", "run"]);
    store.edit("link", (draft) =>
      draft.graph.setNode({ ...draft.graph.node("5"), inputs: { seed: { link: { node: "4", output: 0 } } } }),
    );
    store.edit("run", (draft) => applyControls(draft, specs));
    expect(store.history.undo).toHaveLength(3);
    store.edit("fixed", (draft) => setControl(draft, "5", "seed", "fixed"));
    expect(store.graph().nodes.get("5")!.controls).toBeUndefined();
  });

  it("a value that nobody wrote counts from its default", () => {
    const { store, specs } = storeOf();
    store.edit("control", (draft) => setControl(draft, "5", "steps", "increment"));
    store.edit("run", (draft) => applyControls(draft, specs));
    expect(store.graph().nodes.get("5")!.inputs["steps"]).toEqual({ literal: 21 });
  });
});

it("a new sampler draws its seed anew after each run", () => {
  const { store, specs } = storeOf();
  const id = store.edit("add", (draft) => addNode(draft, specs.get("Sample")!, { x: 1, y: 2 }));
  expect(store.graph().nodes.get(id)).toMatchObject({
    x: 1,
    y: 2,
    controls: { seed: "randomize" },
    inputs: { seed: { literal: 0 }, steps: { literal: 20 } },
  });
  expect(store.graph().nodes.get(id)!.inputs["model"]).toBeUndefined();
});

it("a value that is written again is no step", () => {
  const { store } = storeOf();
  store.edit("write", (draft) => setInput(draft, "5", "seed", 7));
  expect(store.history.undo).toEqual([]);
});
