/** Copying to and from the computer's clipboard, as text that other tabs and people can paste. */

import type { Point } from "../document/types.ts";
import { copyItems, pasteText } from "../files/clipboard.ts";
import { t } from "../strings/index.ts";
import { attempt } from "./graph_verbs.ts";
import type { Workspace } from "./workspace.ts";

/** What was copied last, for browsers that do not let a page read the clipboard. */
let last = "";

export function selectedText({ store, selection }: Workspace): string {
  return copyItems(store.document, store.graph(), selection.items);
}

export async function copySelected(workspace: Workspace): Promise<void> {
  last = selectedText(workspace);
  workspace.say(t("said.copied", { count: workspace.selection.items.size }));
  try {
    await navigator.clipboard.writeText(last);
  } catch {
    // not allowed, or not over a safe connection: what was copied can be pasted in this window alone
  }
}

export async function pasteFromClipboard(workspace: Workspace, keepOuterWires: boolean): Promise<void> {
  let text = last;
  try {
    text = await navigator.clipboard.readText();
  } catch {
    // as above
  }
  pasteInto(workspace, text, keepOuterWires);
}

/** Paste text with its middle at a place, the middle of the view unless said otherwise. */
export function pasteInto(
  workspace: Workspace,
  text: string,
  keepOuterWires: boolean,
  at: Point = workspace.view.middle,
): void {
  const { store, selection } = workspace;
  const pasted = attempt(workspace, () =>
    store.edit(t("action.paste"), (draft) => pasteText(draft, text, { at, keepOuterWires })),
  );
  if (pasted === undefined) return;
  selection.set(pasted);
  const rect = workspace.boundsOf(pasted);
  if (rect !== null) workspace.view.reveal(rect);
  workspace.say(t("said.pasted", { count: pasted.length }));
}
