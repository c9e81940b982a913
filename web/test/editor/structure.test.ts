import { expect, test } from "vitest";

import { editorActions } from "../../src/editor/actions.ts";
import { unpackSelected } from "../../src/editor/graph_verbs.ts";
import { endsOutside, inputPortOf, nameableOf, nameInput, nameOutput, portsNow } from "../../src/editor/naming.ts";
import { spotEntries } from "../../src/editor/spot_menu.ts";
import { retitle } from "../../src/editor/subgraph_verbs.ts";
import { documentOf, node, storeOf } from "../document/specimens.ts";
import { workspaceOf } from "./workspaces.ts";

function opened() {
  const { store } = storeOf();
  const page = workspaceOf(store);
  const actions = editorActions(page.workspace);
  const run = (name: string): void => actions.find((each) => each.name === name)!.run();
  const enabled = (name: string): boolean => actions.find((each) => each.name === name)!.enabled();
  return { ...page, store, run, enabled };
}

/** Two instances of a subgraph of the sampler. */
function withSubgraph() {
  const page = opened();
  const { workspace, store, run } = page;
  workspace.selection.set(["5"]);
  run("group.subgraph");
  const [first] = workspace.selection.items;
  run("edit.duplicate");
  const [second] = workspace.selection.items;
  return { ...page, first: first!, second: second!, definition: [...store.document.definitions.keys()][0]! };
}

test("an input is named from its widget's menu as people call it, and loses the name again", () => {
  const { workspace, store } = opened();
  const entries = spotEntries(workspace, { node: "3", input: "text" });
  entries[0]!.run();
  expect(store.document.inputs).toEqual([{ name: "negative prompt", ends: [["3", "text"]] }]);
  expect(nameableOf(workspace, "3").inputs).toEqual([]);
  spotEntries(workspace, { node: "3", input: "text" })[0]!.run();
  expect(store.document.inputs).toEqual([]);
});

test("a named input feeds another one of its type as well", () => {
  const { workspace, store } = opened();
  nameInput(workspace, "2", "text");
  const entry = spotEntries(workspace, { node: "3", input: "text" }).find(({ label }) => label.includes("“prompt”"));
  entry!.run();
  expect(store.document.inputs).toMatchObject([
    {
      name: "prompt",
      ends: [
        ["2", "text"],
        ["3", "text"],
      ],
    },
  ]);
  expect(spotEntries(workspace, { node: "5", input: "steps" }).map(({ label }) => label)).not.toContain(entry!.label);
});

test("an output is named, and all its wires go at once", () => {
  const { workspace, store } = opened();
  nameOutput(workspace, { node: "1", output: 1 });
  expect(portsNow(workspace).outputs).toMatchObject([{ name: "clip", end: ["1", 1] }]);
  spotEntries(workspace, { node: "1", output: 1 }).at(-1)!.run();
  expect([store.graph().nodes.get("2")!.inputs["clip"], store.graph().nodes.get("3")!.inputs["clip"]]).toEqual([
    undefined,
    undefined,
  ]);
  expect(store.graph().nodes.get("6")!.inputs["vae"]).toBeDefined();
});

test("all usual inputs are named with one command, which then has nothing left to do", () => {
  const { store, run, enabled } = opened();
  run("node.name_usual");
  expect(store.document.inputs.map(({ name }) => name)).toContain("negative prompt");
  expect(enabled("node.name_usual")).toBe(false);
  expect(store.history.undo).toHaveLength(1);
});

test("inside a subgraph a socket can get a name too, which every instance has then", () => {
  const { workspace, store, first, second } = withSubgraph();
  store.enter(first);
  workspace.selection.set(["5"]);
  nameInput(workspace, "5", "cfg");
  expect(inputPortOf(workspace, "5", "cfg")?.name).toBe("cfg");
  store.leave();
  for (const id of [first, second])
    expect(workspace.spec(workspace.node(id)!).inputs.map(({ name }) => name)).toContain("cfg");
});

test("a title written on an instance is the subgraph's", () => {
  const { workspace, store, first, second } = withSubgraph();
  store.edit("rename", (draft) => retitle(draft, workspace.node(first)!, "Painter", "Subgraph"));
  expect([first, second].map((id) => workspace.titleOf(workspace.node(id)!))).toEqual(["Painter", "Painter"]);
});

test("an instance that is made independent leaves the other one as it is; alone it has nothing to leave", () => {
  const { workspace, store, first, second, run, enabled } = withSubgraph();
  workspace.selection.set([second]);
  expect(enabled("group.detach")).toBe(true);
  run("group.detach");
  expect(workspace.node(first)!.type).not.toBe(workspace.node(second)!.type);
  expect(store.document.definitions.size).toBe(2);
  expect(enabled("group.detach")).toBe(false);
});

test("subgraphs that nothing uses are removed on request", () => {
  const { workspace, store, first, second, run, enabled } = withSubgraph();
  expect(enabled("group.drop_unused")).toBe(false);
  workspace.selection.set([first, second]);
  run("edit.delete");
  run("group.drop_unused");
  expect(store.document.definitions.size).toBe(0);
  store.undo();
  expect(store.document.definitions.size).toBe(1);
});

test("unpacking an instance whose subgraph is missing is a sentence", () => {
  const { store } = storeOf(documentOf([node("1", "subgraph:gone")]));
  const { workspace, failures } = workspaceOf(store);
  workspace.selection.set(["1"]);
  unpackSelected(workspace);
  expect(failures).toEqual(["This node is no subgraph."]);
  expect(workspace.node("1")).toBeDefined();
});

test("inside a subgraph the sockets at its interface are wired, outside they are as their wires say", () => {
  const { workspace, store, first } = withSubgraph();
  expect(endsOutside(workspace, first)).toEqual([]);
  store.enter(first);
  expect(endsOutside(workspace, "5")).toEqual(["in:model", "in:positive", "in:negative", "in:latent", "out:0"]);
});
