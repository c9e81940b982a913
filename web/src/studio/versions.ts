/** What the server kept of a workflow as it was: of its draft, and of what it was saved as. */

import { drafts, workflows } from "../api/routes.ts";
import { Refused } from "../document/refused.ts";
import type { Members } from "../document/types.ts";
import { openDocument } from "../files/open.ts";
import { readDocument } from "../files/patchbay.ts";
import { formatMoment } from "../strings/format.ts";
import { t } from "../strings/index.ts";
import { guarded } from "./opening.ts";
import type { Studio } from "./studio.ts";
import type { Tab } from "./tab.ts";

export interface Version {
  readonly revision: number;
  /** In seconds since 1970. */
  readonly saved: number;
}

/** The versions under one name, the newest first. */
export interface Past {
  readonly kind: "saved" | "draft";
  readonly name: string;
  readonly versions: readonly Version[];
}

/** What there is of a tab beside what is open in it. Raises ApiError. */
export async function pastOf(tab: Tab): Promise<readonly Past[]> {
  const saved = tab.saved.get();
  const kept = tab.revision === null ? [] : (await drafts.revisions(tab.id)).revisions;
  const named = saved === null ? [] : (await workflows.revisions(saved.name)).revisions;
  const past: readonly Past[] = [
    { kind: "saved", name: saved?.name ?? "", versions: named.filter(({ removed }) => !removed) },
    { kind: "draft", name: tab.id, versions: kept.filter(({ revision }) => revision !== tab.revision) },
  ];
  return past.filter(({ versions }) => versions.length > 0);
}

/** How many nodes a version has, those inside subgraphs once; null where it is no workflow of ours. Raises ApiError. */
export async function sizeOf({ kind, name }: Past, revision: number): Promise<number | null> {
  const { document } = await shelfOf(kind).revision(name, revision);
  return countNodes(document);
}

export function countNodes(members: Members): number | null {
  try {
    const { graph, definitions } = readDocument(members).document;
    return [...definitions.values()].reduce((count, each) => count + each.graph.nodes.size, graph.nodes.size);
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

/** Open a version in a tab of its own; what is open stays as it is. */
export async function openVersion(studio: Studio, { kind, name }: Past, { revision, saved }: Version): Promise<void> {
  await guarded(studio, async () => {
    const kept = await shelfOf(kind).revision(name, revision);
    const document = await openDocument(kept.document, studio.specs);
    const title = document.title === "" ? (kind === "saved" ? name : t("tab.untitled")) : document.title;
    studio.add(studio.tab({ ...document, title: t("versions.tab", { title, time: formatMoment(saved) }) }));
  });
}

function shelfOf(kind: Past["kind"]): typeof drafts | typeof workflows {
  return kind === "draft" ? drafts : workflows;
}
