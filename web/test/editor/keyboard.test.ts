import { describe, expect, it } from "vitest";

import { editorActions } from "../../src/editor/actions.ts";
import { actionOf, isCombination, neighbor, stopOf } from "../../src/editor/keyboard.ts";
import { pressKey } from "../../src/editor/keys.ts";
import { storeOf, textToImage } from "../document/specimens.ts";
import { workspaceOf } from "./workspaces.ts";

type Press = Parameters<typeof isCombination>[0];
const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  code: `Key${key.toUpperCase()}`,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
});

function placed() {
  const document = textToImage();
  const places: Record<string, [number, number]> = {
    1: [0, 0],
    2: [400, 0],
    3: [400, 300],
    4: [400, 600],
    5: [800, 0],
    6: [1200, 0],
    7: [1600, 0],
  };
  const nodes = new Map(
    [...document.graph.nodes].map(([id, node]) => [id, { ...node, x: places[id]![0], y: places[id]![1] }]),
  );
  const { store } = storeOf({ ...document, graph: { ...document.graph, nodes } });
  return { store, ...workspaceOf(store) };
}

describe("arrows", () => {
  it("go along wires to the sides, and to the nearest node up and down", () => {
    const { workspace } = placed();
    expect(neighbor(workspace, "5", "right")).toBe("6");
    expect(neighbor(workspace, "6", "left")).toBe("5");
    expect(neighbor(workspace, "5", "left")).toBe("1"); // its first input that is wired
    expect(neighbor(workspace, "2", "down")).toBe("3");
    expect(neighbor(workspace, "4", "up")).toBe("3");
    expect(neighbor(workspace, "7", "right")).toBeUndefined();
  });

  it("begin at what is selected, else at the first node", () => {
    const { workspace } = placed();
    expect(stopOf(workspace)).toBe("1");
    workspace.selection.set(["6"]);
    expect(stopOf(workspace)).toBe("6");
  });

  it("select where they go, with Shift in addition; with Alt they move the nodes as one step", () => {
    const { workspace, store } = placed();
    const root = document.createElement("div");
    const key = (name: string, more: KeyboardEventInit = {}): boolean => {
      const event = new KeyboardEvent("keydown", { key: name, ...more });
      Object.defineProperty(event, "target", { value: root });
      return pressKey(root, workspace, editorActions(workspace), event);
    };
    workspace.selection.set(["5"]);
    workspace.focused.set("5");
    expect(key("ArrowRight")).toBe(true);
    expect([...workspace.selection.items]).toEqual(["6"]);
    key("ArrowRight", { shiftKey: true });
    expect([...workspace.selection.items]).toEqual(["6", "7"]);
    key("ArrowDown", { altKey: true });
    key("ArrowDown", { altKey: true });
    expect(workspace.node("7")!.y).toBe(32);
    expect(store.history.undo).toEqual(["Move"]);
    key("Escape");
    expect(workspace.selection.items.size).toBe(0);
  });
});

describe("combinations", () => {
  it("are what they say, on keyboards that need Shift for a sign too", () => {
    expect(isCombination(press("z", { ctrlKey: true }), "Mod+Z")).toBe(true);
    expect(isCombination(press("Z", { ctrlKey: true, shiftKey: true }), "Mod+Z")).toBe(false);
    expect(isCombination(press("Z", { ctrlKey: true, shiftKey: true }), "Mod+Shift+Z")).toBe(true);
    expect(isCombination(press("/", { shiftKey: true }), "/")).toBe(true);
    expect(isCombination(press("+", { shiftKey: true }), "+")).toBe(true);
    expect(isCombination(press("ç", { altKey: true, code: "KeyC" }), "Alt+C")).toBe(true);
    expect(isCombination(press("c"), "Mod+C")).toBe(false);
  });

  it("mean one action each, wherever two can be done", () => {
    const { workspace } = placed();
    const actions = editorActions(workspace);
    const keys = actions.flatMap((action) => action.keys);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(actions.map(({ name }) => name)).size).toBe(actions.length);
  });

  it("find only what can be done, and leave the clipboard to the browser", () => {
    const { workspace } = placed();
    const actions = editorActions(workspace);
    expect(actionOf(actions, press("m"))).toBeUndefined();
    workspace.selection.set(["5"]);
    expect(actionOf(actions, press("m"))?.name).toBe("node.mute");
    expect(actionOf(actions, press("c", { ctrlKey: true }))).toBeUndefined();
  });
});

describe("every action on a selection", () => {
  it("is undone to the very same document", () => {
    const { workspace, store } = placed();
    const names = editorActions(workspace)
      .map(({ name }) => name)
      .filter((name) =>
        /^(edit\.(delete|duplicate)|node\.(mute|bypass|collapse|reset|disconnect)|group\.(frame|note|subgraph)|arrange\.(align|distribute|snap))/.test(
          name,
        ),
      );
    expect(names.length).toBeGreaterThan(15);
    for (const name of names) {
      workspace.selection.set(["2", "3", "5"]);
      const before = new Map(store.graph().nodes);
      const steps = store.history.undo.length;
      editorActions(workspace)
        .find((action) => action.name === name)!
        .run();
      while (store.history.undo.length > steps) store.undo();
      expect([...store.graph().nodes], name).toEqual([...before]);
      expect(store.graph().frames.size + store.graph().notes.size, name).toBe(0);
    }
  });
});
