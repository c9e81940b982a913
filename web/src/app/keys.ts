/** Keys of the whole page. What a field or the canvas took before is not taken again. */

import type { Action } from "../editor/actions.ts";
import { actionOf } from "../editor/keyboard.ts";

/** Run actions by their keys: those of the page from anywhere, those of the graph from wherever they mean nothing else. */
export function listenForKeys(page: readonly Action[], graph: readonly Action[]): () => void {
  const [all, commands, pageCommands] = [[...page, ...graph], commandsOf([...page, ...graph]), commandsOf(page)];
  const listener = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return;
    const { target } = event;
    const actions = isTyping(target) ? pageCommands : isApart(target) ? [...page, ...commands] : all;
    const action = actionOf(actions, event);
    if (action === undefined) return;
    event.preventDefault();
    action.run();
  };
  document.addEventListener("keydown", listener);
  return () => document.removeEventListener("keydown", listener);
}

/** The actions with only those of their keys that mean nothing to somebody who types. */
function commandsOf(actions: readonly Action[]): readonly Action[] {
  return actions.map((action) => ({ ...action, keys: action.keys.filter(isCommand) }));
}

/** Where a letter or Delete is about what has the focus, not about the graph: in a panel, on a tab. */
function isApart(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("aside, [role=tablist], [role=menu], [role=dialog]") !== null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

/** Combinations that mean nothing to somebody who types. */
function isCommand(combination: string): boolean {
  return /^(Mod|Alt)\+|^F\d/.test(combination);
}
