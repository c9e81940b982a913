/** Keeps a workflow under a name on the server, and gives it out as a file. */

import { ApiError } from "../api/client.ts";
import { documents, workflows } from "../api/routes.ts";
import { writeJson } from "../document/json.ts";
import { writeDocument } from "../files/patchbay.ts";
import { t } from "../strings/index.ts";
import { guarded } from "./opening.ts";
import type { Tab } from "./tab.ts";
import type { Studio } from "./studio.ts";

/** Save under a name. `over`: also where somebody else saved it meanwhile. */
export async function saveAs(studio: Studio, tab: Tab, name: string, over = false): Promise<void> {
  const saved = tab.saved.get();
  await guarded(studio, async () => {
    try {
      const known = saved?.name === name && !over ? saved.revision : await present(name);
      if (saved?.name !== name && known !== null && !over) return void clash(studio, tab, name);
      const { revision } = await workflows.put(name, writeDocument(tab.store.document), known);
      tab.saved.set({ name, revision });
      tab.store.markSaved();
      studio.notices.tell("done", t("save.done", { name }));
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 409 && error.status !== 412)) throw error;
      clash(studio, tab, name);
    }
  });
}

function clash(studio: Studio, tab: Tab, name: string): void {
  studio.notices.tell("error", t("save.conflict", { name }), {
    label: t("save.over"),
    run: () => void saveAs(studio, tab, name, true),
  });
}

/** The revision under which the server has a workflow of this name. */
async function present(name: string): Promise<number | null> {
  try {
    return (await workflows.get(name)).revision;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

export function exportDocument(tab: Tab): void {
  download(
    new Blob([writeJson(writeDocument(tab.store.document), 1)], { type: "application/json" }),
    `${fileName(tab)}.json`,
  );
}

/** As the API format, for other programs: subgraphs taken apart, without layout. */
export async function exportApi(studio: Studio, tab: Tab): Promise<void> {
  await guarded(studio, async () => {
    const members = await documents.exportApi(writeDocument(tab.store.document));
    download(new Blob([writeJson(members, 1)], { type: "application/json" }), `${fileName(tab)}.api.json`);
  });
}

/** Let the browser save bytes as a file. */
export function download(bytes: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(bytes);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function fileName(tab: Tab): string {
  return tab.title.replace(/[\\/:*?"<>|\p{Cc}]+/gu, "_").trim() || "workflow";
}
