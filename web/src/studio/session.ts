/** Which drafts this window has open; after a reload, a crash or in a new window they are found again. */

import { ApiError } from "../api/client.ts";
import { drafts, type Kept } from "../api/routes.ts";
import { openDocument } from "../files/open.ts";
import { unsent } from "./drafts.ts";
import type { Studio } from "./studio.ts";
import type { Tab } from "./tab.ts";

const KEY = "patchbay.session";

interface Open {
  readonly id: string;
  readonly jobs: readonly string[];
  readonly saved: { readonly name: string; readonly revision: number } | null;
  readonly view: "graph" | "form";
}

interface Session {
  readonly tabs: readonly Open[];
  readonly current: number;
}

/** Note what is open: for this window, and for the next one that knows of nothing. */
export function noteSession(tabs: readonly Tab[], current: Tab): void {
  const session: Session = {
    tabs: tabs.map((tab) => ({ id: tab.id, jobs: tab.jobs, saved: tab.saved.get(), view: tab.view.get() })),
    current: tabs.indexOf(current),
  };
  const text = JSON.stringify(session);
  sessionStorage.setItem(KEY, text);
  localStorage.setItem(KEY, text);
}

/** The tabs that were open, of those the server still has, and which was shown. Raises ApiError where it is away. */
export async function restoreSession(
  studio: Studio,
): Promise<{ readonly tabs: readonly Tab[]; readonly current: Tab | undefined }> {
  const noted = readSession(sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY));
  const found = await Promise.all(noted.tabs.map((open) => restore(studio, open)));
  return { tabs: found.filter((tab) => tab !== null), current: found[noted.current] ?? undefined };
}

async function restore(studio: Studio, open: Open): Promise<Tab | null> {
  const kept = unsent(open.id) ?? (await keptDraft(open.id));
  if (kept === null) return null;
  const tab = studio.tab(await openDocument(kept.document, studio.specs), { id: open.id, revision: kept.revision });
  tab.jobs.push(...open.jobs);
  tab.saved.set(open.saved);
  tab.view.set(open.view);
  return tab;
}

async function keptDraft(id: string): Promise<Kept | null> {
  try {
    return await drafts.get(id);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

function readSession(text: string | null): Session {
  try {
    const session = JSON.parse(text ?? "") as Session;
    return Array.isArray(session.tabs) ? session : { tabs: [], current: 0 };
  } catch {
    return { tabs: [], current: 0 };
  }
}
