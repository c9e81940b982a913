/** Keys of the whole page. What a field or the canvas took before is not taken again. */

import type { Action } from "../editor/actions.ts";
import { actionOf, isCombination } from "../editor/keyboard.ts";

/** Run actions by their keys. Returns how to stop. */
export function listenForKeys(actions: readonly Action[]): () => void {
  const listener = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return;
    const action = actionOf(actions, event);
    if (
      action === undefined ||
      (isTyping(event.target) && !action.keys.some((keys) => isCommand(keys) && isCombination(event, keys)))
    )
      return;
    event.preventDefault();
    action.run();
  };
  document.addEventListener("keydown", listener);
  return () => document.removeEventListener("keydown", listener);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

/** Combinations that mean the same while somebody types. */
function isCommand(combination: string): boolean {
  return /^(Mod|Alt)\+|^F\d/.test(combination);
}
