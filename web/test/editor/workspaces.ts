/** A workspace over the specimens of the document's tests, with a page around it that only takes notes. */

import { SelectionStore } from "../../src/document/selection.ts";
import type { DocumentStore } from "../../src/document/store.ts";
import { ChoiceLists } from "../../src/editor/choice_lists.ts";
import { Topic } from "../../src/editor/topic.ts";
import type { Search } from "../../src/editor/workspace.ts";
import { Workspace } from "../../src/editor/workspace.ts";
import { SPECS } from "../document/specimens.ts";

export interface Page {
  readonly workspace: Workspace;
  readonly searches: Search[];
  readonly failures: string[];
}

export function workspaceOf(store: DocumentStore): Page {
  const searches: Search[] = [];
  const failures: string[] = [];
  const workspace = new Workspace(store, new SelectionStore(), SPECS.with(store.document.definitions), {
    choices: new ChoiceLists({ checkpoints: ["one.safetensors", "two.safetensors"] }, async () => []),
    preferences: new Topic({ snap: false, wheel: "zoom", minimap: true }),
    inputPicture: (name) => `/small/${name}`,
    inputFile: (name) => `/full/${name}`,
    upload: async (_file, name) => name,
    search: (search) => void searches.push(search),
    showPicture: () => undefined,
    fail: (sentence) => void failures.push(sentence),
  });
  return { workspace, searches, failures };
}
