import { describe, expect, it, vi } from "vitest";

import type { NodeRun } from "../../src/api/run.ts";
import { moveItems, removeItems, setTitle } from "../../src/document/operations.ts";
import type { Run } from "../../src/editor/run_view.ts";
import { RunView } from "../../src/editor/run_view.ts";
import { Scene } from "../../src/editor/scene.ts";
import { View } from "../../src/editor/view.ts";
import { WindowModel } from "../../src/editor/window_model.ts";
import { documentOf, node, storeOf } from "../document/specimens.ts";
import { workspaceOf } from "./workspaces.ts";

/** Blurs in a row, 1000 units apart, each reading the one before; node 40 reads the first as well. */
function row() {
  const nodes = Array.from({ length: 40 }, (_, at) =>
    node(
      String(at + 1),
      "Blur",
      at === 0 ? {} : at === 39 ? { image: ["39", 0], mask: ["1", 1] } : { image: [String(at), 0] },
      { x: at * 1000 },
    ),
  );
  const { store } = storeOf(documentOf(nodes));
  const { workspace } = workspaceOf(store);
  workspace.view.place({ left: 0, top: 0, width: 1000, height: 800 });
  workspace.view.show({ x: 0, y: 0, zoom: 1 });
  const model = new WindowModel(workspace, new Scene(workspace));
  const shown = (): string[] =>
    model.window
      .get()
      .nodes.filter(({ hidden }) => !hidden)
      .map(({ id }) => id);
  return { store, workspace, model, shown };
}

describe("the window", () => {
  it("holds the nodes near the view, and the far ends of their wires without drawing them", () => {
    const { model, shown } = row();
    expect(shown()).toEqual(["1", "2"]);
    const hidden = model.window
      .get()
      .nodes.filter((each) => each.hidden)
      .map(({ id }) => id);
    expect(hidden.sort()).toEqual(["3", "40"]);
    expect(model.window.get().edges.length).toBe(3);
  });

  it("is told anew only when the view crosses a step, and nodes that stay are the same objects", () => {
    const { workspace, model, shown } = row();
    const told = vi.fn();
    model.window.subscribe(told);
    const before = model.window.get().nodes.find(({ id }) => id === "2");
    for (let x = 0; x < 40; x++) workspace.view.show({ x: -x, y: 0, zoom: 1 });
    expect(told.mock.calls.length).toBeLessThanOrEqual(1);
    workspace.view.show({ x: -1400, y: 0, zoom: 1 });
    expect(shown()).toEqual(["2", "3"]);
    expect(model.window.get().nodes.find(({ id }) => id === "2")).toBe(before);
  });

  it("names wires by the titles of their nodes as they are now, and keeps a wire that is called the same", () => {
    const { store, model } = row();
    const wire = () => model.window.get().edges.find(({ id }) => id === "2\nimage")!;
    expect(wire().ariaLabel).toBe("IMAGE of Blur to image of Blur");
    const before = wire();
    store.edit("move", (draft) => moveItems(draft, ["1"], { x: 5, y: 5 }));
    expect(wire()).toBe(before);
    store.edit("rename", (draft) => setTitle(draft, "1", "Soft"));
    expect(wire().ariaLabel).toBe("IMAGE of Soft to image of Blur");
  });

  it("is empty from afar, where one canvas shows everything", () => {
    const { workspace, model } = row();
    workspace.view.show({ x: 0, y: 0, zoom: 0.2 });
    expect(model.window.get()).toEqual({ nodes: [], edges: [] });
    workspace.view.show({ x: 0, y: 0, zoom: 0.5 });
    expect(model.window.get().nodes.length).toBeGreaterThan(2);
  });

  it("follows edits: what is moved, removed, brought back", () => {
    const { store, model, shown } = row();
    store.edit("away", (draft) => moveItems(draft, ["2"], { x: 9000, y: 0 }));
    expect(shown()).toEqual(["1"]);
    store.edit("gone", (draft) => removeItems(draft, ["1"]));
    expect(shown()).toEqual([]);
    store.undo();
    store.undo();
    expect(shown()).toEqual(["1", "2"]);
    expect(model.window.get().edges.length).toBe(3);
  });
});

describe("the view", () => {
  it("leads from the page to the graph and back", () => {
    const view = new View();
    view.place({ left: 50, top: 20, width: 800, height: 600 });
    view.show({ x: 13, y: -7, zoom: 0.8 });
    const place = view.toGraph({ x: 333, y: 222 });
    expect(view.toPage(place).x).toBeCloseTo(333);
    expect(view.toPage(place).y).toBeCloseTo(222);
  });

  it("fits a rectangle, and reveals one only where it is out of sight", () => {
    const view = new View();
    view.place({ left: 0, top: 0, width: 800, height: 600 });
    view.fit({ x: 1000, y: 1000, width: 4000, height: 100 }, 1, false);
    const seen = view.visible();
    expect(seen.x).toBeLessThan(1000);
    expect(seen.x + seen.width).toBeGreaterThan(5000);
    view.show({ x: 0, y: 0, zoom: 1 });
    view.reveal({ x: 100, y: 100, width: 200, height: 100 });
    expect(view.current).toEqual({ x: 0, y: 0, zoom: 1 });
    view.reveal({ x: 5000, y: 100, width: 200, height: 100 });
    expect(view.visible().x).toBeGreaterThan(4000);
  });
});

describe("what a run says", () => {
  const runOf = (state: NodeRun["state"]): Run & { tell: (id: string) => void } => {
    const listeners = new Map<string, Set<() => void>>();
    return {
      node: () => ({ state }) as NodeRun,
      entries: () => new Map(),
      subscribe: () => () => undefined,
      subscribeNode: (id, listener) => {
        listeners.set(id, (listeners.get(id) ?? new Set()).add(listener));
        return () => void listeners.get(id)!.delete(listener);
      },
      tell: (id) => listeners.get(id)?.forEach((listener) => listener()),
    };
  };

  it("reaches the node that it is about, and only from the run that is shown", () => {
    const view = new RunView();
    const [first, second] = [runOf("running"), runOf("finished")];
    const told = vi.fn();
    view.show(first);
    const stop = view.subscribeNode("5", told);
    first.tell("5");
    expect(told).toHaveBeenCalledTimes(1);
    view.show(second);
    expect(told).toHaveBeenCalledTimes(2);
    expect(view.node("5")?.state).toBe("finished");
    first.tell("5");
    expect(told).toHaveBeenCalledTimes(2);
    stop();
    second.tell("5");
    expect(told).toHaveBeenCalledTimes(2);
  });

  it("of problems reaches only nodes whose problems are others", () => {
    const view = new RunView();
    const [five, six] = [vi.fn(), vi.fn()];
    view.subscribeNode("5", five);
    view.subscribeNode("6", six);
    const problem = { code: "x", message: "too many", node: "5", input: "steps", severity: "error" } as const;
    view.showProblems([problem]);
    view.showProblems([{ ...problem }, { ...problem, node: "6" }]);
    expect([five.mock.calls.length, six.mock.calls.length]).toEqual([1, 1]);
    view.showProblems([]);
    expect(view.problems("5")).toEqual([]);
    expect([five.mock.calls.length, six.mock.calls.length]).toEqual([2, 2]);
  });
});
