/** What pointers, the clipboard and files do on the canvas, apart from what React Flow does itself. */

import type { Point } from "../document/types.ts";
import { selectedText, pasteInto } from "./clipboard.ts";
import { addPicture, uploadInto } from "./editing.ts";
import { removeItems } from "../document/operations.ts";
import { t } from "../strings/index.ts";
import { focusItem } from "./focus.ts";
import { openSearch } from "./keyboard.ts";
import type { Scene } from "./scene.ts";
import type { Workspace } from "./workspace.ts";

/** Pixels that a press may move and still be a click. */
const STILL = 4;
/** Zoom of what was double-clicked from afar. */
const NEAR = 0.9;

/** Listen on the editor's element. Returns how to stop. */
export function listenTo(root: HTMLElement, workspace: Workspace, scene: Scene): () => void {
  const { selection, connecting, wire, view, focused } = workspace;
  let pressed: (Point & { readonly only: string | null }) | null = null;

  const itemAt = (event: MouseEvent): string | null => {
    const element = (event.target as Element).closest("[data-node], [data-item]");
    return element?.getAttribute("data-node") ?? element?.getAttribute("data-item") ?? null;
  };
  const isPane = (event: Event): boolean => (event.target as Element).classList.contains("react-flow__pane");
  const onPointerDown = (event: PointerEvent): void => {
    pressed = null;
    if (event.button !== 0) return;
    if ((event.target as Element).closest(".socket, button, .corner") !== null) return;
    pressed = { x: event.clientX, y: event.clientY, only: null };
    const id = itemAt(event);
    if (id === null) return;
    wire.set(null);
    focused.set(id);
    if (event.shiftKey || event.ctrlKey || event.metaKey) selection.toggle(id);
    else if (!selection.has(id)) selection.set([id]);
    else pressed = { ...pressed, only: id }; // a drag moves all that is selected, a click selects this one
  };
  const onClick = (event: MouseEvent): void => {
    if (pressed === null || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > STILL) return;
    if (pressed.only !== null && !(event.target as Element).closest("input, textarea")) selection.set([pressed.only]);
    if (!isPane(event)) return;
    connecting.stop();
    wire.set(null);
    const found = view.isFar ? scene.at(view.toGraph({ x: event.clientX, y: event.clientY })) : undefined;
    if (found === undefined) {
      if (!event.shiftKey && !event.ctrlKey && !event.metaKey) selection.clear();
      focused.set(null);
      root.focus({ preventScroll: true });
    } else if (event.shiftKey || event.ctrlKey || event.metaKey) selection.toggle(found);
    else selection.set([found]);
  };
  const onDoubleClick = (event: MouseEvent): void => {
    if (!isPane(event)) return;
    const at = { x: event.clientX, y: event.clientY };
    const found = view.isFar ? scene.at(view.toGraph(at)) : undefined;
    if (found === undefined) return openSearch(workspace, at);
    const rect = workspace.rectOf(found)!;
    view.center({ x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 }, NEAR);
  };

  const isElsewhere = (event: Event): boolean => {
    const at = event.target as Element;
    return (
      event.defaultPrevented ||
      at.closest("input, textarea, dialog, .editor-popover") !== null ||
      !(root.contains(at) || at === document.body)
    );
  };
  const onCopy = (event: ClipboardEvent): void => {
    if (isElsewhere(event) || selection.items.size === 0 || !getSelection()?.isCollapsed) return;
    event.preventDefault();
    event.clipboardData?.setData("text/plain", selectedText(workspace));
    workspace.say(t("said.copied", { count: selection.items.size }));
    if (event.type === "cut") workspace.store.edit(t("action.cut"), (draft) => removeItems(draft, selection.items));
    selection.retain(workspace.store.graph());
  };
  const onPaste = (event: ClipboardEvent): void => {
    if (isElsewhere(event)) return;
    const picture = pictureIn(event.clipboardData);
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (picture === null && !text.trimStart().startsWith("{")) return;
    event.preventDefault();
    if (picture !== null) void takePicture(workspace, picture, workspace.view.middle);
    else pasteInto(workspace, text, workspace.pastesWired);
  };
  const follow = (): void => {
    const id = focused.get();
    if (id !== null) return focusItem(id);
    requestAnimationFrame(() => {
      if (document.activeElement === document.body) root.focus({ preventScroll: true }); // what had the focus is gone
    });
  };

  root.addEventListener("pointerdown", onPointerDown, true);
  root.addEventListener("click", onClick);
  root.addEventListener("dblclick", onDoubleClick);
  document.addEventListener("copy", onCopy);
  document.addEventListener("cut", onCopy);
  document.addEventListener("paste", onPaste);
  const stop = focused.subscribe(follow);
  return () => {
    stop();
    root.removeEventListener("pointerdown", onPointerDown, true);
    root.removeEventListener("click", onClick);
    root.removeEventListener("dblclick", onDoubleClick);
    document.removeEventListener("copy", onCopy);
    document.removeEventListener("cut", onCopy);
    document.removeEventListener("paste", onPaste);
  };
}

function pictureIn(data: DataTransfer | null): File | null {
  return [...(data?.files ?? [])].find(({ type }) => type.startsWith("image/")) ?? null;
}

/** Into the picture widget that is selected, else into a new node. */
async function takePicture(workspace: Workspace, picture: File, at: Point): Promise<void> {
  for (const id of workspace.selection.items) {
    const input = workspace.pictureInput(id);
    if (input !== undefined) return uploadInto(workspace, id, input, picture);
  }
  await addPicture(workspace, picture, at);
}
