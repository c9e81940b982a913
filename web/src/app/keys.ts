/** Keys of the whole page. What a field or the canvas took before is not taken again. */

import type { Action } from "../editor/actions.ts";
import { actionOf } from "../editor/keyboard.ts";

/** Run actions by their keys: those of the page from anywhere, those of the graph where nothing else has the focus. */
export function listenForKeys(page: readonly Action[], graph: readonly Action[]): () => void {
  const commands = page.map((action) => ({ ...action, keys: action.keys.filter(isCommand) }));
  const listener = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return;
    const free = event.target === document.body;
    const action = actionOf(isTyping(event.target) ? commands : free ? [...page, ...graph] : page, event);
    if (action === undefined) return;
    event.preventDefault();
    action.run();
  };
  document.addEventListener("keydown", listener);
  return () => document.removeEventListener("keydown", listener);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

/** Combinations that mean nothing to somebody who types. */
function isCommand(combination: string): boolean {
  return /^(Mod|Alt)\+|^F\d/.test(combination);
}
