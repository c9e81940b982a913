// Jobs as answers and events tell of them: whichever comes late, the newer word stands.

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { EventStream, Listener } from "../../src/api/events.ts";
import { RunStore } from "../../src/api/runs.ts";
import type { Job, ServerEvent } from "../../src/api/types.ts";
import { job } from "./specimens.ts";

/** Requests that wait for their answer, by path. */
const asked: { path: string; answer: (body: unknown) => void }[] = [];
let runs: RunStore;
let listener: Listener;

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal(
    "fetch",
    (path: string) =>
      new Promise((resolve) => asked.push({ path, answer: (body) => resolve(new Response(JSON.stringify(body))) })),
  );
  runs = new RunStore(() => undefined);
  runs.start((given) => {
    listener = given;
    return { standing: () => undefined, close: () => undefined } as unknown as EventStream;
  });
});
afterEach(() => vi.unstubAllGlobals());

function happened(seq: number, type: string, data: ServerEvent["data"] = {}): void {
  listener.event({ seq, job: "job-1", time: 100 + seq, type, data });
}

async function answer(part: string, body: unknown): Promise<void> {
  const at = asked.findIndex(({ path }) => path.includes(part));
  expect(at, `${part} is asked for`).toBeGreaterThanOrEqual(0);
  asked.splice(at, 1)[0]!.answer(body);
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve));
}

function queue(seq: number, running: readonly Job[]): object {
  return { paused: false, seq, running, queued: [], workers: [] };
}

test("a queue that was read before a job ended does not let it run again", async () => {
  runs.adopt(job());
  happened(2, "started", { attempt: 1 });
  happened(3, "succeeded");
  await answer("/queue", queue(2, [job({ state: "running", attempt: 1 })]));
  expect(runs.run("job-1")!.job.state).toBe("succeeded");
});

test("a job whose first events came before its submission was answered is asked for, and its end stands", async () => {
  happened(1, "queued");
  happened(2, "started", { attempt: 1 });
  runs.adopt(job());
  happened(3, "succeeded");
  await answer("/jobs/job-1", job({ state: "running", attempt: 1 }));
  expect(runs.run("job-1")!.job.state).toBe("succeeded");
  await answer("/jobs/job-1", job({ state: "succeeded", nodes: { save: { state: "cached" } } }));
  expect(runs.run("job-1")!.node("save")?.state).toBe("cached");
});

test("what happens to a job while it is asked for is asked for too", async () => {
  const fetched = runs.fetch("job-1");
  runs.adopt(job());
  happened(1, "started", { attempt: 1 });
  await answer("/jobs/job-1", job());
  await answer("/jobs/job-1", job({ state: "running", nodes: { sample: { state: "running" } } }));
  expect((await fetched).node("sample")?.state).toBe("running");
});

test("a queue that is newer than the last event counts: a job that is tried again runs again", async () => {
  runs.adopt(job());
  happened(2, "failed", { error: { message: "no" } });
  await answer("/queue", queue(4, [job({ state: "running", attempt: 1 })]));
  expect(runs.run("job-1")!.job.state).toBe("running");
});
