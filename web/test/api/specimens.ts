/** Jobs and events as the server says them. */

import type { Artifact, Job, ServerEvent } from "../../src/api/types.ts";

export function job(members: Partial<Job> = {}): Job {
  return {
    id: "job-1",
    number: 1,
    state: "queued",
    cancelling: false,
    client: "",
    priority: 0,
    attempt: 1,
    created: 100,
    started: null,
    finished: null,
    device: null,
    title: "Demo",
    error: null,
    warnings: [],
    waiting: null,
    progress: null,
    outputs: [],
    ...members,
  };
}

let seq = 0;

export function event(type: string, data: ServerEvent["data"] = {}, members: Partial<ServerEvent> = {}): ServerEvent {
  return { seq: ++seq, job: "job-1", time: 101, type, data, ...members };
}

export function picture(members: Partial<Artifact> = {}): Artifact {
  return {
    node: "save",
    item: 0,
    index: 0,
    name: "demo_00001_.png",
    kind: "output",
    sha256: "ab".repeat(32),
    media_type: "image/png",
    width: 128,
    height: 128,
    bytes: 1000,
    url: "/api/v1/folders/output/demo_00001_.png",
    ...members,
  };
}
