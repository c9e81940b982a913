import { afterEach, describe, expect, test, vi } from "vitest";

import { address, ApiError, pathOf, request } from "../../src/api/client.ts";

function answering(body: string, init: ResponseInit = {}): ReturnType<typeof vi.fn> {
  const fetch = vi.fn(async () => new Response(body, init));
  vi.stubGlobal("fetch", fetch);
  return fetch;
}
afterEach(() => vi.unstubAllGlobals());

async function refusal(asked: Promise<unknown>): Promise<ApiError> {
  return asked.then(
    () => expect.fail("it was answered"),
    (error: unknown) => error as ApiError,
  );
}

describe("a request", () => {
  test("keeps whole numbers that no double holds, both ways", async () => {
    const fetch = answering('{"seed": 18446744073709551615, "cfg": 4.5}');
    const seed = 18446744073709551615n;
    expect(await request("/x", { method: "POST", body: { seed } })).toEqual({ seed, cfg: 4.5 });
    expect(fetch.mock.calls[0]![1].body).toBe('{"seed":18446744073709551615}');
  });

  test("that is refused says the server's sentence and its problems", async () => {
    const problem = {
      code: "out_of_range",
      message: "'steps' must be at least 1",
      node: "3",
      input: "steps",
      severity: "error",
    };
    answering(JSON.stringify({ title: "Invalid", detail: "1 problem", problems: [problem] }), { status: 422 });
    expect(await refusal(request("/x"))).toMatchObject({ status: 422, message: "1 problem", problems: [problem] });
  });

  test("that meets a page instead of an answer says its status", async () => {
    answering("<html>Bad gateway</html>", { status: 502, statusText: "Bad Gateway" });
    expect((await refusal(request("/x"))).message).toBe("502 Bad Gateway");
  });

  test("without a server is known as such", async () => {
    vi.stubGlobal(
      "fetch",
      vi.fn(async () => Promise.reject(new TypeError("Failed to fetch"))),
    );
    expect((await refusal(request("/x"))).offline).toBe(true);
  });
});

test("addresses leave out what was not said and escape what was", () => {
  expect(address("/jobs", { search: "a b&c", before: undefined, limit: 5 })).toBe(
    "/api/v1/jobs?search=a+b%26c&limit=5",
  );
  expect(pathOf("style/my lora?.safetensors")).toBe("style/my%20lora%3F.safetensors");
});
