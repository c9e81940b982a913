/** The server's routes as functions: one line each, so that what the editor asks for is seen at a glance. */

import { address, pathOf, request, send } from "./client.ts";
import type { Members } from "../document/types.ts";
import type {
  Artifact,
  Job,
  ModelFile,
  NodeList,
  Opened,
  Problem,
  Queue,
  Revision,
  ServerEvent,
  Upload,
} from "./types.ts";

export interface Submission {
  readonly document: Members;
  readonly parameters?: Members;
  readonly targets?: readonly string[];
  readonly front?: boolean;
  readonly client?: string;
}

export interface JobPage {
  readonly jobs: readonly Job[];
  readonly total: number;
  readonly next: string | null;
}

const post = <T>(path: string, body: unknown = {}): Promise<T> => request<T>(path, { method: "POST", body });

export const nodes = (): Promise<NodeList> => request("/nodes");
export const choices = (source: string): Promise<readonly string[]> => request(`/choices/${pathOf(source)}`);

export const jobs = {
  submit: (submission: Submission, key: string): Promise<{ job: Job; warnings: readonly Problem[] }> =>
    request("/jobs", { method: "POST", body: submission, headers: { "Idempotency-Key": key } }),
  list: (query: { state?: string; search?: string; limit?: number; before?: string | undefined }): Promise<JobPage> =>
    request("/jobs", { query }),
  get: (id: string): Promise<Job> => request(`/jobs/${id}`),
  document: (id: string): Promise<Members> => request(`/jobs/${id}/document`),
  events: (id: string, after = 0): Promise<{ events: readonly ServerEvent[] }> =>
    request(`/jobs/${id}/events`, { query: { after } }),
  cancel: (id: string): Promise<unknown> => post(`/jobs/${id}/cancel`),
  cancelAll: (): Promise<unknown> => post("/jobs/cancel", { jobs: "all" }),
  retry: (id: string): Promise<unknown> => post(`/jobs/${id}/retry`),
  move: (id: string, to: { to: "front" | "back" } | { before: string }): Promise<unknown> =>
    post(`/jobs/${id}/move`, to),
  forget: (id: string): Promise<unknown> => request(`/jobs/${id}`, { method: "DELETE" }),
};

export const queue = {
  get: (): Promise<Queue> => request("/queue"),
  pause: (): Promise<unknown> => post("/queue/pause"),
  resume: (): Promise<unknown> => post("/queue/resume"),
};

export const documents = {
  open: (bytes: Blob): Promise<Opened> => request("/open", { method: "POST", body: bytes }),
  check: (document: Members, signal: AbortSignal): Promise<{ problems: readonly Problem[] }> =>
    request("/check", { method: "POST", body: { document }, signal }),
  explain: (
    document: Members,
    targets?: readonly string[],
  ): Promise<{ nodes: Readonly<Record<string, { runs: boolean; reason: string }>> }> =>
    post("/explain", { document, ...(targets ? { targets } : {}) }),
  exportApi: (document: Members): Promise<Members> => post("/export", { document }),
};

export const templates = {
  list: (): Promise<{ templates: readonly { name: string; title: string; about: string; preview: string | null }[] }> =>
    request("/templates"),
  get: (name: string): Promise<Members> => request(`/templates/${pathOf(name)}`),
};

/** A document that the server keeps, with the revision that a later write must name. */
export interface Kept {
  readonly document: Members;
  readonly revision: number;
}

/** Where the server keeps documents: named workflows, and drafts that nobody has named yet. */
function shelf(path: "/workflows" | "/drafts") {
  const at = (name: string): string => `${path}/${pathOf(name)}`;
  return {
    get: (name: string): Promise<Kept> => request(at(name)),
    /** Conflict (409) where another tab or person wrote since `revision`. */
    put: (name: string, document: Members, revision: number | null): Promise<{ revision: number }> =>
      request(at(name), {
        method: "PUT",
        body: document,
        headers: revision === null ? { "If-None-Match": "*" } : { "If-Match": `"${revision}"` },
      }),
    remove: (name: string): Promise<unknown> => request(at(name), { method: "DELETE" }),
    revisions: (name: string): Promise<{ revisions: readonly Revision[] }> => request(`${at(name)}/revisions`),
    revision: (name: string, number: number): Promise<Kept> => request(`${at(name)}/revisions/${number}`),
  };
}

export const workflows = {
  ...shelf("/workflows"),
  list: (): Promise<{ workflows: readonly { name: string; title: string; saved: number }[] }> => request("/workflows"),
};

export const drafts = {
  ...shelf("/drafts"),
  list: (): Promise<{ drafts: readonly { id: string; title: string; saved: number }[] }> => request("/drafts"),
};

export const models = {
  kinds: (): Promise<{ kinds: readonly string[] }> => request("/models"),
  list: (kind: string): Promise<{ models: readonly ModelFile[] }> => request(`/models/${kind}`),
  get: (kind: string, name: string): Promise<ModelFile & Readonly<Record<string, unknown>>> =>
    request(`/models/${kind}/${pathOf(name)}`),
  previewAddress: (kind: string, name: string): string => address(`/models/${kind}/${pathOf(name)}/preview`),
};

/** Put a picture into the input folder; the same bytes get the name they have there already. */
export async function upload(file: Blob, name: string): Promise<Upload> {
  const form = new FormData();
  form.set("file", file, name);
  return request("/uploads", { method: "POST", body: form });
}

export const tokens = (text: string): Promise<{ count: number; chunks: number }> => post("/tokens", { text });
export const free = (): Promise<unknown> => post("/free", { models: true, cache: true });
export const stats = (): Promise<Readonly<Record<string, unknown>>> => request("/stats");

/** The address of what a node made: its own, or of one that came with an event. */
export function artifactAddress(artifact: Artifact): string {
  return artifact.url ?? address(`/files/${artifact.sha256}`);
}

/** The bytes of an artifact, to compare or to save. */
export async function artifactBytes(artifact: Artifact): Promise<Blob> {
  return (await send(`/files/${artifact.sha256}`)).blob();
}
