import { afterEach, expect, test, vi } from "vitest";

import { whyOf, type Plan } from "../../src/editor/plan.tsx";
import { keepReasons, reasonsBefore } from "../../src/studio/explaining.ts";
import type { Tab } from "../../src/studio/tab.ts";

const plan = (names: Readonly<Record<string, boolean>>): Plan =>
  new Map(Object.entries(names).map(([id, runs]) => [id, { runs, reason: runs ? "first run" : "nothing changed" }]));

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("a subgraph runs where a node in it does, and says how many", () => {
  const found = plan({ "3": false, "5:1": true, "5:2": false, "50:1": true });
  expect(whyOf(found, "3")).toEqual({ runs: false, reason: "nothing changed" });
  expect(whyOf(found, "5")).toEqual({ runs: true, reason: "1 of 2 nodes inside run" });
  expect(whyOf(found, "9")).toBeUndefined();
});

test("why the nodes of a run run is asked for its targets", async () => {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (_path: string, { body }: { body: string }) => {
    asked.push(body);
    return new Response(JSON.stringify({ nodes: { "1": { runs: true, reason: "first run" } } }));
  });
  expect(await reasonsBefore({ nodes: {} }, ["1"])).toEqual(plan({ "1": true }));
  expect(asked).toEqual(['{"document":{"nodes":{}},"targets":["1"]}']);
});

test("a run does not wait for a server that is slow to say why, nor for one that cannot", async () => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", () => new Promise(() => undefined));
  const late = reasonsBefore({ nodes: {} });
  await vi.advanceTimersByTimeAsync(200);
  expect(await late).toBeNull();
  vi.stubGlobal("fetch", async () => new Response("{}", { status: 503 }));
  expect(await reasonsBefore({ nodes: {} })).toBeNull();
});

test("reasons are kept for the latest jobs only", () => {
  const tab = { reasons: new Map<string, Plan>() } as Tab;
  for (let number = 0; number < 25; number++) keepReasons(tab, String(number), plan({}));
  keepReasons(tab, "none", null);
  expect([tab.reasons.size, tab.reasons.has("4"), tab.reasons.has("24")]).toEqual([20, false, true]);
});
