import { afterEach, expect, test } from "vitest";

import { wireLabel } from "../../src/editor/wire_label.ts";
import { setLanguage } from "../../src/strings/index.ts";
import { storeOf } from "../document/specimens.ts";
import { workspaceOf } from "./workspaces.ts";

afterEach(() => setLanguage("en"));

test("a wire is read out by its sockets and the titles of its nodes", async () => {
  const { workspace } = workspaceOf(storeOf().store);
  const label = (): string => wireLabel(workspace, { node: "1", output: 1 }, { node: "2", input: "clip" });
  expect(label()).toBe("CLIP of Load Checkpoint to clip of Encode Text");
  await setLanguage("zh");
  expect(label()).toBe("Load Checkpoint的 CLIP 连到Encode Text的 clip");
});

test("a wire from an output that its node does not have is read out by number", () => {
  const { workspace } = workspaceOf(storeOf().store);
  expect(wireLabel(workspace, { node: "7", output: 3 }, { node: "2", input: "clip" })).toBe(
    "3 of Save to clip of Encode Text",
  );
});
