/** Requests to the server: JSON in and out without loss, errors as the sentences that it says. */

import { parseJson, writeJson } from "../document/json.ts";
import type { Problem } from "./types.ts";

export const ROOT = "/api/v1";

/** What the server answered instead of what was asked for, or that it did not answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    message: string,
    /** The HTTP status; 0 where no answer came. */
    readonly status: number,
    readonly problems: readonly Problem[] = [],
    /** Further members of the answer (a conflict says the revision that is there). */
    readonly members: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }

  get offline(): boolean {
    return this.status === 0;
  }
}

export interface Request {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  /** A value for JSON; bytes and forms go as they are. */
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Ask the server and read its JSON answer. Raises ApiError. */
export async function request<T>(path: string, asked: Request = {}): Promise<T> {
  const answer = await send(path, asked);
  const text = await answer.text();
  return (text === "" ? null : parseJson(text)) as T;
}

/** Ask the server for anything but JSON. Raises ApiError. */
export async function send(
  path: string,
  { method = "GET", body, query, headers, signal }: Request = {},
): Promise<Response> {
  const raw = body instanceof Blob || body instanceof FormData;
  const init: RequestInit = {
    method,
    headers: { ...(raw || body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
  };
  if (body !== undefined) init.body = raw ? body : writeJson(body);
  if (signal !== undefined) init.signal = signal;
  let answer: Response;
  try {
    answer = await fetch(address(path, query), init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(error instanceof Error ? error.message : String(error), 0);
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

/** The address of a route, with its query. */
export function address(path: string, query: Request["query"] = {}): string {
  const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString();
  return ROOT + path + (search === "" ? "" : `?${search}`);
}

/** A name as one part of a path; folders in it stay folders. */
export function pathOf(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}

async function refusal(answer: Response): Promise<ApiError> {
  const members = readProblem(await answer.text());
  const problems = (members["problems"] as readonly Problem[] | undefined) ?? [];
  const said = members["detail"] ?? problems[0]?.message ?? members["title"];
  return new ApiError(
    typeof said === "string" ? said : `${answer.status} ${answer.statusText}`,
    answer.status,
    problems,
    members,
  );
}

function readProblem(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = parseJson(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // a proxy's page, say: the status alone is told
  }
}
