/** Where the Tab key goes: the canvas is one stop, its nodes are reached by arrows, a node's fields by Tab in it. */

import { stopOf } from "./keyboard.ts";
import type { Workspace } from "./workspace.ts";

const FIELDS = "input:not([type=file]), textarea, button:not([tabindex='-1'])";
/** Frames that a node may take to appear after the view has moved. */
const PATIENCE = 30;

export function elementOf(id: string): HTMLElement | null {
  return document.getElementById(`node-${id}`);
}

/** Put the keyboard at an item, as soon as it is on the page; whoever went elsewhere meanwhile stays there. */
export function focusItem(id: string): void {
  focusSoon(() => elementOf(id));
}

/** The same for any element; what has the focus inside it keeps it. */
export function focusSoon(
  find: () => HTMLElement | null,
  patience = PATIENCE,
  from: Element | null = document.activeElement,
): void {
  const now = document.activeElement;
  if (now !== from && now !== document.body && now !== null) return;
  const element = find();
  if (element !== null) {
    if (!element.contains(now)) element.focus({ preventScroll: true });
  } else if (patience > 0) requestAnimationFrame(() => focusSoon(find, patience - 1, from));
}

export function fieldsOf(element: Element): HTMLElement[] {
  return [...element.querySelectorAll<HTMLElement>(FIELDS)].filter((field) => !field.closest("header"));
}

/** Where Tab leads inside the editor; true where it was taken care of. */
export function moveByTab(root: HTMLElement, workspace: Workspace, target: Element, backwards: boolean): boolean {
  const item = target.closest<HTMLElement>("[data-node], [data-item]");
  const around = [
    ...root.querySelectorAll<HTMLElement>(".inside button, .inside input, .zoom-controls button, .editor-end"),
  ];
  if (target === root) {
    if (backwards) return false;
    return enter(workspace) || go(around[0]);
  }
  if (item === null) return backwards && target === around[0] && (enter(workspace) || go(root));
  const fields = fieldsOf(item);
  const at = fields.indexOf(target as HTMLElement);
  if (backwards) return go(target === item ? root : (fields[at - 1] ?? item));
  return go(fields[at + 1] ?? around[0]);
}

function enter(workspace: Workspace): boolean {
  const stop = stopOf(workspace);
  if (stop === undefined) return false;
  workspace.goTo(stop);
  focusItem(stop);
  return true;
}

function go(element: HTMLElement | undefined): boolean {
  element?.focus({ preventScroll: true });
  return element !== undefined;
}
