import { describe, expect, test } from "vitest";

import { progressOf } from "../../src/api/progress.ts";
import { JobRun } from "../../src/api/run.ts";
import { event, job, picture } from "./specimens.ts";

function running(steps: readonly string[] = ["load", "sample", "save"], cached: readonly string[] = []): JobRun {
  const run = new JobRun(job(), () => undefined);
  run.take(event("started", { attempt: 1, device: "cpu" }));
  run.take(event("planned", { steps, cached }));
  return run;
}

describe("a run", () => {
  test("tells what each node is at, from plan to end", () => {
    const run = running(["load", "sample"], ["load"]);
    expect([run.node("load")?.state, run.node("sample")?.state]).toEqual(["cached", "planned"]);
    run.take(event("node_started", { node: "sample", item: 0, items: 1 }));
    run.take(event("progress", { node: "sample", done: 5, total: 20, item: 0, items: 1 }, { seq: null }));
    expect(run.node("sample")).toMatchObject({ state: "running", done: 5, total: 20 });
    run.take(event("node_finished", { node: "sample", seconds: 1.5, item: 0, items: 1, artifacts: [] }));
    expect(run.node("sample")).toMatchObject({ state: "finished", seconds: 1.5 });
    run.take(event("succeeded", {}, { time: 103 }));
    expect(run.job).toMatchObject({ state: "succeeded", finished: 103 });
  });

  test("keeps what only nodes that are kept are made from, whichever is heard first, and leaves alone what was not asked for", () => {
    const sources = new Map([
      ["save", ["decode"]],
      ["decode", ["load", "sample"]],
      ["sample", ["load"]],
      ["other", ["load"]],
    ]);
    const states = (run: JobRun): (string | undefined)[] =>
      ["load", "sample", "decode", "save", "other"].map((id) => run.node(id)?.state);
    const late = running([], ["save"]);
    late.knowSources(sources);
    const early = new JobRun(job(), () => undefined);
    early.knowSources(sources);
    early.take(event("planned", { steps: [], cached: ["save"] }));
    for (const run of [late, early]) expect(states(run)).toEqual(["cached", "cached", "cached", "cached", undefined]);
    const partly = running(["save"], ["decode"]);
    partly.knowSources(sources);
    expect(states(partly)).toEqual(["cached", "cached", "cached", "planned", undefined]);
  });

  test("adds up the seconds of a node that runs once per item", () => {
    const run = running();
    for (const item of [0, 1]) run.take(event("node_finished", { node: "sample", seconds: 2, item, items: 2 }));
    expect(run.node("sample")?.seconds).toBe(4);
  });

  test("has the pictures of its nodes as soon as they are told", () => {
    const run = running();
    run.take(event("node_finished", { node: "save", seconds: 0, item: 0, items: 1, artifacts: [picture()] }));
    expect(run.job.outputs.map(({ name }) => name)).toEqual(["demo_00001_.png"]);
    expect(run.node("save")?.artifacts).toHaveLength(1);
  });

  test("says why a node failed and which input it is about, and that others are blocked", () => {
    const run = running();
    run.take(event("node_errored", { node: "sample", message: "Too large.", type: "Error", input: "width" }));
    run.take(event("node_blocked", { node: "save", reason: "sample failed" }));
    run.take(event("failed", { error: { message: "Too large.", node: "sample" } }));
    expect(run.node("sample")).toMatchObject({ state: "failed", message: "Too large.", input: "width" });
    expect(run.node("save")).toMatchObject({ state: "blocked", message: "sample failed" });
    expect(run.job.error?.message).toBe("Too large.");
  });

  test("leaves no node running when it was cancelled", () => {
    const run = running();
    run.take(event("node_started", { node: "sample" }));
    run.take(event("cancelled"));
    expect([...run.entries().values()].map(({ state }) => state)).not.toContain("running");
  });

  test("begins anew with the next attempt", () => {
    const run = running();
    run.take(event("node_finished", { node: "load", seconds: 1 }));
    run.take(event("requeued", { reason: "the worker crashed", attempt: 2 }));
    expect(run.job).toMatchObject({ state: "queued", attempt: 2 });
    expect(run.node("load")).toMatchObject({ state: "planned", seconds: null });
  });

  test("sums up what is inside a subgraph", () => {
    const run = running(["sub:a", "sub:b", "sub:deep:c"]);
    run.take(event("node_started", { node: "sub:a" }));
    expect(run.node("sub")?.state).toBe("running");
    for (const node of ["sub:a", "sub:b", "sub:deep:c"]) run.take(event("node_finished", { node, seconds: 1 }));
    expect(run.node("sub")).toMatchObject({ state: "finished", seconds: 3 });
    expect(run.node("sub:deep")?.state).toBe("finished");
  });

  test("tells only the listeners of nodes that changed, once per flush", () => {
    const run = running();
    run.flush();
    const heard: string[] = [];
    run.subscribeNode("sample", () => heard.push("sample"));
    run.subscribeNode("save", () => heard.push("save"));
    for (const done of [1, 2, 3]) run.take(event("progress", { node: "sample", done, total: 20 }, { seq: null }));
    run.flush();
    expect(heard).toEqual(["sample"]);
  });

  test("takes over the states of its nodes from the server's description", () => {
    const run = new JobRun(
      job({ state: "running", nodes: { load: { state: "finished", seconds: 2 } }, outputs: [picture()] }),
      () => undefined,
    );
    expect(run.node("load")).toMatchObject({ state: "finished", seconds: 2 });
    expect(run.node("save")?.artifacts).toHaveLength(1);
  });
});

test("a description that is older than the event that ended the run changes nothing", () => {
  const run = running();
  run.take(event("succeeded"));
  run.replace(job({ state: "running" }), 0);
  expect(run.job.state).toBe("succeeded");
});

describe("progress", () => {
  test("weighs nodes by what they took the last time", () => {
    const run = running();
    run.expected = new Map([
      ["load", 1],
      ["sample", 8],
      ["save", 1],
    ]);
    run.take(event("node_finished", { node: "load", seconds: 1 }));
    run.take(event("progress", { node: "sample", done: 5, total: 10, item: 0, items: 1 }, { seq: null }));
    expect(progressOf(run, 0)).toEqual({ fraction: 0.5, remaining: 5 });
  });

  test("leaves cached nodes out", () => {
    const run = running(["load", "save"], ["load"]);
    run.expected = new Map([["save", 2]]);
    expect(progressOf(run, 0)).toEqual({ fraction: 0, remaining: 2 });
  });

  test("of a run that was never timed follows the node that counts its steps", () => {
    const run = running();
    run.take(event("progress", { node: "sample", done: 5, total: 20, item: 0, items: 1 }, { seq: null }));
    expect(progressOf(run, 111)).toEqual({ fraction: 0.25, remaining: 30 });
  });
});
