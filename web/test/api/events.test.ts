import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { EventStream, readPreview, type Listener } from "../../src/api/events.ts";
import type { ServerEvent } from "../../src/api/types.ts";
import { event } from "./specimens.ts";

/** The browser's socket as far as the stream uses it, with the server's side in the test's hands. */
class Line {
  readonly readyState = WebSocket.OPEN;
  readonly sent: string[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  constructor(readonly url: string) {}
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.onclose?.();
  }
  says(said: ServerEvent): void {
    this.onmessage?.({ data: JSON.stringify(said) });
  }
}

let lines: Line[] = [];
let heard: ServerEvent[] = [];
let states: string[] = [];
let stream: EventStream;

beforeEach(() => {
  vi.useFakeTimers();
  [lines, heard, states] = [[], [], []];
  const listener: Listener = {
    event: (said) => heard.push(said),
    preview: () => undefined,
    connection: (state) => states.push(state),
  };
  stream = new EventStream(listener, null, (url) => {
    const line = new Line(url);
    lines.push(line);
    return line as unknown as WebSocket;
  });
});
afterEach(() => {
  stream.close();
  vi.useRealTimers();
});

describe("the event stream", () => {
  test("begins with what happens from now on", () => {
    expect(new URL(lines[0]!.url).search).toBe("");
    expect(lines[0]!.url).toMatch(/^ws/);
  });

  test("reconnects by itself and asks for what came after the last event that it has", () => {
    lines[0]!.onopen!();
    lines[0]!.says(event("queued", {}, { seq: 41 }));
    lines[0]!.close();
    expect(states.at(-1)).toBe("lost");
    vi.advanceTimersByTime(300);
    expect(new URL(lines[1]!.url).searchParams.get("after")).toBe("41");
  });

  test("waits longer after each failure, never longer than eight seconds", () => {
    const delays: number[] = [];
    for (let round = 0; round < 8; round++) {
      lines.at(-1)!.close();
      const before = Date.now();
      while (lines.length === round + 1) vi.advanceTimersByTime(50);
      delays.push(Date.now() - before);
    }
    expect(delays[0]).toBeLessThan(500);
    expect(delays).toEqual(delays.toSorted((a, b) => a - b));
    expect(Math.max(...delays)).toBeLessThanOrEqual(8000);
  });

  test("tells an event that is sent again only once", () => {
    const said = event("started", {}, { seq: 7 });
    lines[0]!.says(said);
    lines[0]!.says(said);
    expect(heard).toHaveLength(1);
  });

  test("goes on after a server that begins to count anew", () => {
    lines[0]!.says(event("started", {}, { seq: 900 }));
    stream.standing(3);
    lines[0]!.says(event("queued", {}, { seq: 4 }));
    expect(heard.map(({ seq }) => seq)).toEqual([900, 4]);
  });

  test("asks for the state of things where the server had to leave events out", () => {
    lines[0]!.onopen!();
    lines[0]!.says(event("lagged", { missed: 1000, seq: 5000 }, { seq: null, job: null }));
    expect(states.filter((state) => state === "connected")).toHaveLength(2);
    expect(heard).toHaveLength(0);
  });

  test("says whether previews are wanted", () => {
    lines[0]!.onopen!();
    stream.watch(false);
    expect(JSON.parse(lines[0]!.sent.at(-1)!)).toEqual({ watch: { jobs: "all", previews: false } });
  });
});

test("a preview is the picture behind the length and the JSON", async () => {
  const head = new TextEncoder().encode(JSON.stringify({ job: "j", node: "3", media_type: "image/jpeg" }));
  const frame = new Uint8Array(4 + head.length + 3);
  new DataView(frame.buffer).setUint32(0, head.length);
  frame.set(head, 4);
  frame.set([1, 2, 3], 4 + head.length);
  const { job, node, picture } = readPreview(frame.buffer);
  expect([job, node, picture.type, picture.size]).toEqual(["j", "3", "image/jpeg", 3]);
});
