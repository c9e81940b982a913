/** Keys on the canvas. What a field does with a key it does first; here comes what is left. */

import { GRID } from "../document/geometry.ts";
import { moveItems } from "../document/operations.ts";
import { t } from "../strings/index.ts";
import type { Action } from "./actions.ts";
import { elementOf, fieldsOf, focusItem, moveByTab } from "./focus.ts";
import type { Direction } from "./keyboard.ts";
import { actionOf, ARROWS, neighbor, openSearch, stopOf } from "./keyboard.ts";
import type { Workspace } from "./workspace.ts";

const WAYS: Readonly<Record<Direction, readonly [number, number]>> = {
  left: [-1, 0],
  right: [1, 0],
  up: [0, -1],
  down: [0, 1],
};

/** Do what a key asks for; true where it was something. */
export function pressKey(
  root: HTMLElement,
  workspace: Workspace,
  actions: readonly Action[],
  event: KeyboardEvent,
): boolean {
  const target = event.target as Element;
  const { key } = event;
  if (key === "Tab" && !event.ctrlKey && !event.altKey && !event.metaKey) {
    if (target === root && !event.shiftKey && !root.matches(":focus-visible")) {
      openSearch(workspace);
      return true;
    }
    return moveByTab(root, workspace, target, event.shiftKey);
  }
  const isField = target.matches("input, textarea, select");
  if (key === "Escape") return escape(workspace, target);
  if (isField) return false;
  if (target.matches("button") && (key === "Enter" || key === " ")) return false;
  const way = ARROWS[key];
  const command = event.ctrlKey || event.metaKey;
  if (way !== undefined && !command)
    return event.altKey ? nudge(workspace, way, event.shiftKey) : walk(workspace, way, event.shiftKey);
  if (!command && !event.altKey && (key === "Enter" || key === " "))
    return key === "Enter" ? enterNode(workspace) : mark(workspace);
  workspace.pastesWired = command && event.shiftKey && key.toLowerCase() === "v"; // the paste event does not say
  const action = actionOf(actions, event);
  if (action === undefined) return false;
  action.run();
  return true;
}

/** Out of a field to its node, out of a wire that is drawn, then out of the selection. */
function escape(workspace: Workspace, target: Element): boolean {
  const { connecting, selection, wire } = workspace;
  const item = target.closest<HTMLElement>("[data-node], [data-item]");
  if (connecting.current !== null) connecting.stop();
  else if (item !== null && item !== target) item.focus({ preventScroll: true });
  else if (selection.items.size > 0 || wire.get() !== null) {
    selection.clear();
    wire.set(null);
  } else return false;
  return true;
}

function walk(workspace: Workspace, way: Direction, adding: boolean): boolean {
  const from = workspace.focused.get() ?? [...workspace.selection.items][0];
  const to = from === undefined ? stopOf(workspace) : (neighbor(workspace, from, way) ?? from);
  if (to === undefined) return false;
  if (adding) workspace.selection.add([to]);
  else workspace.selection.set([to]);
  const rect = workspace.rectOf(to);
  if (rect !== undefined) workspace.view.reveal(rect);
  workspace.focused.set(to);
  focusItem(to);
  return true;
}

/** Move what is selected by a step of the grid, or by one unit. */
function nudge(workspace: Workspace, way: Direction, finely: boolean): boolean {
  const { store, selection } = workspace;
  if (selection.items.size === 0) return false;
  const [x, y] = WAYS[way];
  const step = finely ? 1 : GRID;
  store.edit(t("step.move"), (draft) => moveItems(draft, selection.items, { x: x * step, y: y * step }), {
    joins: "nudge",
  });
  workspace.say(t("said.moved", { way: t(`way.${way}`) }));
  return true;
}

function enterNode(workspace: Workspace): boolean {
  const id = workspace.focused.get();
  const element = id === null ? null : elementOf(id);
  if (id === null || element === null) return false;
  const [field] = fieldsOf(element);
  if (field !== undefined) field.focus({ preventScroll: true });
  else workspace.renaming.set(id);
  return true;
}

function mark(workspace: Workspace): boolean {
  const id = workspace.focused.get();
  if (id === null) return false;
  workspace.selection.toggle(id);
  return true;
}
