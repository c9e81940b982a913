/** Opens whatever carries a workflow: files of all kinds, jobs, templates. */

import { ApiError } from "../api/client.ts";
import { documents, jobs, templates, workflows } from "../api/routes.ts";
import { Refused } from "../document/refused.ts";
import type { Members, WorkflowDocument } from "../document/types.ts";
import { addPicture } from "../editor/editing.ts";
import { openDocument } from "../files/open.ts";
import { t } from "../strings/index.ts";
import type { Studio } from "./studio.ts";
import type { Tab } from "./tab.ts";

/** Open files in tabs of their own. What one of them lacks is told and never keeps it from opening. */
export async function openFiles(studio: Studio, files: Iterable<File>): Promise<void> {
  for (const file of files) await guarded(studio, () => openFile(studio, file));
}

/** A picture that carries no workflow becomes a node of the open one that loads it. */
async function openFile(studio: Studio, file: File): Promise<void> {
  try {
    await openBytes(studio, file, file.name.replace(/\.\w+$/, ""));
  } catch (error) {
    if (!(error instanceof Refused && file.type.startsWith("image/"))) throw error;
    const { workspace } = studio.current.get();
    await addPicture(workspace, file, workspace.view.middle);
    studio.notices.tell("done", t("open.picture", { name: file.name }));
  }
}

export async function openText(studio: Studio, text: string): Promise<void> {
  await guarded(studio, () => openBytes(studio, new Blob([text], { type: "text/plain" }), t("tab.pasted")));
}

export async function openTemplate(studio: Studio, name: string): Promise<void> {
  await guarded(studio, async () => openMembers(studio, await templates.get(name), name.replaceAll("_", " ")));
}

/** Open the workflow that made something. */
export async function openJob(studio: Studio, id: string): Promise<void> {
  await guarded(studio, async () => openMembers(studio, await jobs.document(id), t("tab.from_job")));
}

export async function openSaved(studio: Studio, name: string): Promise<void> {
  await guarded(studio, async () => {
    const { document, revision } = await workflows.get(name);
    const tab = await openMembers(studio, document, name);
    tab.saved.set({ name, revision });
    tab.store.markSaved();
  });
}

/** Do something that asks the server; what it says against it is told. */
export async function guarded(studio: Studio, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    studio.notices.tell("error", sentenceOf(error));
  }
}

/** What a failure says to people. Raises again what is none of theirs. */
function sentenceOf(error: unknown): string {
  if (error instanceof Refused) return t("open.nothing");
  if (!(error instanceof ApiError)) throw error;
  return error.offline ? t("server.unreachable") : error.message;
}

async function openBytes(studio: Studio, bytes: Blob, title: string): Promise<void> {
  const opened = await documents.open(bytes);
  const document = await openDocument(opened.document, studio.specs);
  if (document.graph.nodes.size === 0) throw new Refused({ code: "not_a_document" });
  const tab = openTab(studio, document, title);
  tab.problems.set(opened.problems);
  const { missing } = opened;
  if (missing.nodes.length + missing.models.length === 0) return;
  tab.missing.set(missing);
  studio.settings.change({ drawer: "problems" });
}

async function openMembers(studio: Studio, members: Members, title: string): Promise<Tab> {
  return openTab(studio, await openDocument(members, studio.specs), title);
}

function openTab(studio: Studio, document: WorkflowDocument, title: string): Tab {
  const tab = studio.tab(document.title === "" ? { ...document, title } : document);
  studio.add(tab);
  return tab;
}
