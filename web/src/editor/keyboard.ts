/** The graph by keyboard: arrows go along wires, C draws one, and every action has its keys. */

import { inputsOf } from "../document/specs.ts";
import type { NodeId, Point } from "../document/types.ts";
import { linkOf, wiresFrom } from "../document/wires.ts";
import { t } from "../strings/index.ts";
import type { Action } from "./actions.ts";
import { addAt } from "./editing.ts";
import type { Place } from "./popover.tsx";
import type { Workspace } from "./workspace.ts";

export type Direction = "left" | "right" | "up" | "down";
export const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

const APPLE = /mac|iphone|ipad/i.test(globalThis.navigator?.platform ?? "");

/** Whether a key event is a combination such as `Mod+Shift+L`. */
export function isCombination(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey" | "code">,
  combination: string,
): boolean {
  const parts = combination.split(/\+(?!$)/);
  const key = parts.pop()!;
  const wants = (name: string): boolean => parts.includes(name);
  if ((APPLE ? event.metaKey : event.ctrlKey) !== wants("Mod")) return false;
  if ((APPLE ? event.ctrlKey : event.metaKey) || event.altKey !== wants("Alt")) return false;
  const letter = /^[A-Z0-9]$/.test(key);
  const typed = letter && event.altKey ? event.code.replace(/^(Key|Digit)/, "") : event.key; // Alt writes other letters
  if (typed.toUpperCase() !== key.toUpperCase()) return false;
  return !(letter || key.length > 1) || event.shiftKey === wants("Shift"); // signs need Shift on some keyboards
}

/** The action that a key event asks for; those that the browser has events for are not among them. */
export function actionOf(actions: readonly Action[], event: Parameters<typeof isCombination>[0]): Action | undefined {
  return actions.find(
    ({ keys, enabled, native }) => !native && keys.some((keys) => isCombination(event, keys)) && enabled(),
  );
}

/** The node that an arrow leads to: along a wire to the sides, else the nearest in that direction. */
export function neighbor(workspace: Workspace, id: string, direction: Direction): string | undefined {
  const node = workspace.node(id);
  if (node !== undefined && direction === "left") {
    for (const { name } of inputsOf(node, workspace.spec(node))) {
      const link = linkOf(node.inputs[name]);
      if (link !== undefined && workspace.node(link.node) !== undefined) return link.node;
    }
  }
  if (node !== undefined && direction === "right") {
    const graph = workspace.store.graph();
    const readers = [...wiresFrom(graph, graph.wires, id)].map(({ to }) => to);
    const [first] = readers.toSorted((left, right) => workspace.node(left)!.y - workspace.node(right)!.y);
    if (first !== undefined) return first;
  }
  return nearest(workspace, id, direction);
}

/** The nearest item in a direction; what lies more to the side than ahead counts as far. */
function nearest(workspace: Workspace, id: string, direction: Direction): string | undefined {
  const from = middleOf(workspace, id);
  if (from === undefined) return undefined;
  const across = direction === "left" || direction === "right";
  const sign = direction === "left" || direction === "up" ? -1 : 1;
  let best: string | undefined;
  let least = Infinity;
  for (const other of workspace.items()) {
    if (other === id) continue;
    const to = middleOf(workspace, other)!;
    const ahead = sign * (across ? to.x - from.x : to.y - from.y);
    const aside = Math.abs(across ? to.y - from.y : to.x - from.x);
    const distance = ahead + 3 * aside;
    if (ahead > 1 && distance < least) [best, least] = [other, distance];
  }
  return best;
}

function middleOf(workspace: Workspace, id: string): Point | undefined {
  const rect = workspace.rectOf(id);
  return rect && { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
}

/** The item that the keyboard is at, or where it begins: what is selected, else the leftmost node in sight. */
export function stopOf(workspace: Workspace): string | undefined {
  const focused = workspace.focused.get();
  if (focused !== null && workspace.item(focused) !== undefined) return focused;
  const [selected] = workspace.selection.items;
  if (selected !== undefined && workspace.item(selected) !== undefined) return selected;
  const seen = workspace.view.visible();
  let best: string | undefined;
  let least = Infinity;
  for (const [id, { x, y }] of workspace.store.graph().nodes) {
    const inside = x >= seen.x && y >= seen.y && x <= seen.x + seen.width && y <= seen.y + seen.height;
    const distance = x + y / 4 + (inside ? 0 : 1e7);
    if (distance < least) [best, least] = [id, distance];
  }
  return best;
}

/** Look for a node to add: beside the one that the keyboard is at, or in the middle of what is seen. */
export function openSearch(workspace: Workspace, at: Place | null = null): void {
  const { view } = workspace;
  const place = at === null ? freePlace(workspace) : view.toGraph(at);
  workspace.services.search({
    at: at ?? view.toPage(place),
    wanted: {},
    choose: (spec) => void addAt(workspace, spec, place),
  });
}

function freePlace(workspace: Workspace): Point {
  const id = workspace.focused.get();
  const rect = id === null ? undefined : workspace.rectOf(id);
  if (rect === undefined) return workspace.view.middle;
  return { x: rect.x + rect.width + 64, y: rect.y };
}

/** Draw a wire without a pointer: first a socket of the node is chosen, then one that fits it. */
export function startConnectMode(workspace: Workspace): void {
  const node = stopOf(workspace);
  if (node === undefined || workspace.node(node) === undefined) return;
  workspace.overlay.set({ kind: "sockets", at: placeAt(workspace, node), node });
  workspace.say(t("connect.choose"));
}

/** On the page, beside a node. */
export function placeAt(workspace: Workspace, node: NodeId): Place {
  const rect = workspace.rectOf(node)!;
  return workspace.view.toPage({ x: rect.x, y: rect.y + Math.min(rect.height, 40) });
}
