import { afterEach, expect, test, vi } from "vitest";

import { sizeText } from "../../src/panels/versions.tsx";
import type { Tab } from "../../src/studio/tab.ts";
import { countNodes, pastOf, sizeOf } from "../../src/studio/versions.ts";

afterEach(() => vi.unstubAllGlobals());

const at = (revision: number, removed = false): object => ({ revision, saved: 1000 + revision, title: "", removed });
const tab = (revision: number | null, saved: string | null): Tab =>
  ({ id: "d1", revision, saved: { get: () => saved && { name: saved, revision: 1 } } }) as Tab;

function serve(answers: Readonly<Record<string, unknown>>): void {
  vi.stubGlobal("fetch", async (path: string) => {
    const found = Object.entries(answers).find(([end]) => path.endsWith(end));
    return new Response(JSON.stringify(found?.[1] ?? {}), { status: found === undefined ? 404 : 200 });
  });
}

test("what is open is none of its earlier versions, and neither is a removal", async () => {
  serve({
    "/drafts/d1/revisions": { revisions: [at(3), at(2), at(1)] },
    "/workflows/mine/revisions": { revisions: [at(2, true), at(1)] },
  });
  const past = await pastOf(tab(3, "mine"));
  expect(past.map(({ kind, name, versions }) => [kind, name, versions.map(({ revision }) => revision)])).toEqual([
    ["saved", "mine", [1]],
    ["draft", "d1", [2, 1]],
  ]);
});

test("a workflow that was never kept has no past, and nobody is asked", async () => {
  serve({});
  expect(await pastOf(tab(null, null))).toEqual([]);
});

test("the size of a version counts nodes, those of subgraphs once", async () => {
  const node = { class_type: "A", inputs: {} };
  const document = { nodes: { "1": node, "2": node }, definitions: { d: { nodes: { "1": node } } } };
  serve({ "/drafts/d1/revisions/2": { document, revision: 2 } });
  expect(await sizeOf({ kind: "draft", name: "d1", versions: [] }, 2)).toBe(3);
  expect(countNodes({ anything: 1 })).toBeNull();
});

test("a version says how it differs from the one before", () => {
  expect([sizeText(9, 7), sizeText(1, 2), sizeText(3, 3)]).toEqual([
    "9 nodes, 2 more than before",
    "1 node, 1 fewer than before",
    "3 nodes, as many as before",
  ]);
  expect([sizeText(3, undefined), sizeText(undefined, 3), sizeText(null, 3)]).toEqual([
    "3 nodes",
    "",
    "not a workflow of this editor",
  ]);
});
