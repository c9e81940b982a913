import { expect, test } from "vitest";

import type { Problem } from "../../src/api/types.ts";
import { connect, disconnect, moveItems, setInput, setMode } from "../../src/document/operations.ts";
import type { Draft } from "../../src/document/draft.ts";
import { Topic } from "../../src/editor/topic.ts";
import { LocalCheck } from "../../src/studio/local_check.ts";
import { scaleOf } from "../../src/studio/graph_pictures.ts";
import type { Tab } from "../../src/studio/tab.ts";
import { storeOf } from "../document/specimens.ts";
import { workspaceOf } from "../editor/workspaces.ts";

function checked() {
  const { store } = storeOf();
  const { workspace } = workspaceOf(store);
  const said: Problem = {
    code: "unknown_choice",
    message: "no such file",
    node: "1",
    input: "ckpt_name",
    severity: "error",
  };
  const problems = new Topic<readonly Problem[]>([said]);
  const tab = { store, workspace, problems, runId: (id: string) => workspace.runId(id) } as unknown as Tab;
  const check = new LocalCheck(tab);
  store.subscribe((change) => change && check.follow(change));
  const edit = (change: (draft: Draft) => void): void => store.edit("edit", change);
  const codes = (): string[] =>
    problems.get().map(({ node, input, code, severity }) => `${node}.${input} ${code} ${severity}`);
  return { edit, codes, problems, store };
}

const SAID = "1.ckpt_name unknown_choice error";

test("a wire that is taken off is missed at once, and no longer when it is back", () => {
  const { edit, codes } = checked();
  edit((draft) => disconnect(draft, { node: "6", input: "vae" }));
  expect(codes()).toEqual([SAID, "6.vae missing_input error"]);
  edit((draft) => connect(draft, { node: "1", output: 2 }, { node: "6", input: "vae" }));
  expect(codes()).toEqual([SAID]);
});

test("a value out of its range is said at its widget; what the server said of the node waits for its next word", () => {
  const { edit, codes, problems } = checked();
  edit((draft) => setInput(draft, "5", "steps", 500));
  expect(codes()).toEqual([SAID, "5.steps out_of_range error"]);
  expect(problems.get()[1]!.message).toBe("“steps” cannot be 500: that is out of its range.");
  edit((draft) => setInput(draft, "1", "ckpt_name", "other"));
  expect(codes()).toEqual(["5.steps out_of_range error"]);
});

test("muting a node is missed by those that read it", () => {
  const { edit, codes } = checked();
  edit((draft) => setMode(draft, ["4"], "mute"));
  expect(codes()).toEqual([SAID, "5.latent missing_input error"]);
});

test("what no target reads is only warned of", () => {
  const { edit, codes } = checked();
  edit((draft) => disconnect(draft, { node: "7", input: "images" }));
  edit((draft) => disconnect(draft, { node: "6", input: "vae" }));
  expect(codes()).toEqual([SAID, "7.images missing_input error", "6.vae missing_input warning"]);
});

test("moving a node says nothing new", () => {
  const { edit, problems } = checked();
  const before = problems.get();
  edit((draft) => moveItems(draft, ["1", "6"], { x: 20, y: 0 }));
  expect(problems.get()).toBe(before);
});

test("a picture of a graph is twice as sharp as the screen until browsers could not paint it", () => {
  expect(scaleOf(800, 600)).toBe(2);
  expect(scaleOf(100_000, 100) * 100_000).toBeCloseTo(16_384);
  expect((scaleOf(16_000, 16_000) * 16_000) ** 2).toBeCloseTo(64_000_000);
});
