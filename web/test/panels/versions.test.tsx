import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { Topic } from "../../src/editor/topic.ts";
import { VersionsDialog } from "../../src/panels/versions.tsx";
import { StudioContext } from "../../src/studio/context.ts";
import type { Studio } from "../../src/studio/studio.ts";
import { SPECS } from "../document/specimens.ts";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** A draft at revision `count` + 1; each of its revisions has as many nodes as its number says. */
function show(count: number): { readonly asked: string[]; readonly opened: string[]; readonly onClose: () => void } {
  const asked: string[] = [];
  const opened: string[] = [];
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    const number = Number(/revisions\/(\d+)$/.exec(path)?.[1]);
    const ids = Array.from({ length: number || 0 }, (_, at) => [at + 1, { class_type: "Load", inputs: {} }]);
    const kept = { revision: number, document: { title: "Mine", nodes: Object.fromEntries(ids) } };
    const revisions = Array.from({ length: count + 1 }, (_, at) => ({ revision: count + 1 - at, saved: 0 }));
    return new Response(JSON.stringify(number ? kept : { revisions }));
  });
  const studio = {
    current: new Topic({ id: "d1", revision: count + 1, saved: new Topic(null) }),
    keeper: () => undefined,
    specs: SPECS,
    tab: (document: { title: string }) => document,
    add: ({ title }: { title: string }) => opened.push(title),
  } as unknown as Studio;
  const onClose = vi.fn();
  render(
    <StudioContext value={studio}>
      <VersionsDialog onClose={onClose} />
    </StudioContext>,
  );
  return { asked, opened, onClose };
}

test("versions are listed with their sizes, and one opens in a tab of its own", async () => {
  const { opened, onClose } = show(2);
  fireEvent.click(await screen.findByRole("button", { name: /Version 2 ?2 nodes, 1 more than before/ }));
  expect(onClose).toHaveBeenCalled();
  await vi.waitFor(() => expect(opened[0]).toMatch(/^Mine \(.+\)$/));
  expect(screen.queryByRole("button", { name: /Version 3/ })).toBeNull();
});

test("of many only a page is read at a time", async () => {
  const { asked } = show(30);
  await screen.findByText("23 nodes, 1 more than before");
  expect(asked).toHaveLength(1 + 9);
  fireEvent.click(screen.getByText("Show older ones"));
  await screen.findByText("15 nodes, 1 more than before");
  expect(asked).toHaveLength(1 + 17);
});

test("a workflow without a past says so", async () => {
  show(0);
  expect(await screen.findByText("There is no earlier version of this workflow yet.")).toBeTruthy();
});
