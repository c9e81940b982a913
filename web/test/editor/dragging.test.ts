import { describe, expect, it } from "vitest";

import { addFrame } from "../../src/document/operations.ts";
import { Dragging } from "../../src/editor/dragging.ts";
import { Scene } from "../../src/editor/scene.ts";
import { documentOf, node, storeOf } from "../document/specimens.ts";
import { workspaceOf } from "./workspaces.ts";

function two(inputs: Parameters<typeof node>[2] = {}) {
  const { store } = storeOf(
    documentOf([
      node("1", "Blur"),
      node("2", "Blur", inputs, { x: 500, y: 300 }),
      node("3", "Blur", {}, { x: 0, y: 700 }),
    ]),
  );
  const { workspace } = workspaceOf(store);
  workspace.view.place({ left: 0, top: 0, width: 1400, height: 1200 });
  workspace.view.show({ x: 0, y: 0, zoom: 1 });
  const dragging = new Dragging(workspace, new Scene(workspace));
  return { store, workspace, dragging };
}

describe("dragging", () => {
  it("moves all that is selected as one step, and is undone as one", () => {
    const { store, workspace, dragging } = two();
    workspace.selection.set(["1", "2"]);
    dragging.begin("2");
    for (let step = 1; step <= 10; step++) dragging.move({ x: 500 + 20 * step, y: 300 + 10 * step }, true);
    dragging.end(null);
    expect(workspace.node("1")).toMatchObject({ x: 200, y: 100 });
    expect(workspace.node("2")).toMatchObject({ x: 700, y: 400 });
    expect(store.history.undo).toEqual(["Move"]);
    store.undo();
    expect(workspace.node("1")).toMatchObject({ x: 0, y: 0 });
  });

  it("of what is not selected moves it alone", () => {
    const { workspace, dragging } = two();
    workspace.selection.set(["1"]);
    dragging.begin("2");
    dragging.move({ x: 600, y: 600 }, true);
    dragging.end(null);
    expect(workspace.node("1")).toMatchObject({ x: 0, y: 0 });
  });

  it("of a frame takes along what lies in it", () => {
    const { store, workspace, dragging } = two();
    const frame = store.edit("frame", (draft) => addFrame(draft, { x: -50, y: -50, width: 400, height: 400 }));
    dragging.begin(frame);
    dragging.move({ x: 50, y: -50 }, true);
    dragging.end(null);
    expect(workspace.node("1")!.x).toBe(100);
    expect(workspace.node("3")!.x).toBe(0);
  });

  it("is drawn to the edges of others, and shows the line", () => {
    const { workspace, dragging } = two();
    dragging.begin("2");
    dragging.move({ x: 500, y: 4 });
    expect(workspace.node("2")!.y).toBe(0);
    expect(dragging.guides.get().map(({ axis, at }) => [axis, at])).toContainEqual(["y", 0]);
    dragging.end(null);
    expect(dragging.guides.get()).toEqual([]);
  });

  it("that is cancelled leaves everything where it was, without a step", () => {
    const { store, workspace, dragging } = two();
    dragging.begin("2");
    dragging.move({ x: 900, y: 900 }, true);
    dragging.cancel();
    expect(workspace.node("2")).toMatchObject({ x: 500, y: 300 });
    expect(store.history.undo).toEqual([]);
  });

  it("of a lone node onto a wire puts it in, in the same step", () => {
    const { store, workspace, dragging } = two({ image: ["1", 0] });
    dragging.begin("3");
    dragging.move({ x: 250, y: 150 }, true);
    dragging.end({ node: "2", input: "image" });
    expect(workspace.node("2")!.inputs["image"]).toEqual({ link: { node: "3", output: 0 } });
    expect(workspace.node("3")!.inputs["image"]).toEqual({ link: { node: "1", output: 0 } });
    expect(store.history.undo).toEqual(["Move"]);
  });

  it("of a node that is wired already onto a wire only moves it", () => {
    const { workspace, dragging } = two({ image: ["1", 0] });
    dragging.begin("1");
    dragging.end({ node: "2", input: "image" });
    expect(workspace.node("2")!.inputs["image"]).toEqual({ link: { node: "1", output: 0 } });
  });
});
