import type { ReactElement } from "react";
import { useCallback, useEffect, useMemo, useState } from "react";

import type { NodeId } from "../document/types.ts";
import { type Place, Popover } from "../editor/popover.tsx";
import { t } from "../strings/index.ts";
import { useStudio, useTab } from "../studio/context.ts";
import type { Studio } from "../studio/studio.ts";
import { useTopic } from "../studio/topic.ts";
import { NodeHelp } from "./node_help.tsx";

/** Milliseconds that the pointer rests on a title until its help shows, and that it may be away from both. */
const REST = 700;
const AWAY = 250;
/** In pixels: as wide as its style says, and how far it stays away. */
const WIDTH = 340;
const GAP = 8;
/** What in a node's head has a tip or a use of its own. */
const APART = "button, input, .node-badge";

/** Help on a node: by a key with the focus in it, or beside the title that the pointer rests on, without the focus. */
export function HelpCard(): ReactElement | null {
  const studio = useStudio();
  const tab = useTab();
  const help = useTopic(studio.help);
  const close = useCallback(() => studio.help.set(null), [studio]);
  useEffect(() => followPointer(studio), [studio]);
  useEffect(() => close, [tab, close]);
  const [found, setFound] = useState(0);
  const grow = useCallback(() => setFound((count) => count + 1), []);
  const at = useMemo(() => help && { ...help.at }, [help, found]); // placed again when the examples made it higher
  const node = help === null ? undefined : tab.workspace.node(help.node);
  if (help === null || at === null || node === undefined) return null;
  const title = tab.workspace.titleOf(node);
  return (
    <Popover
      key={`${help.node} ${help.resting}`}
      at={at}
      label={t("help.about", { node: title })}
      className="help-card"
      leavesFocus={help.resting}
      onClose={close}
    >
      <div className="help-card-body" role="group" aria-label={title} tabIndex={0}>
        <NodeHelp spec={tab.workspace.spec(node)} onOpen={close} onFound={grow} />
      </div>
    </Popover>
  );
}

/** Open the help on a node with the focus in it. */
export function openHelp(studio: Studio, node: NodeId): void {
  const head = document.querySelector(`[data-node="${CSS.escape(node)}"] .node-head`);
  const middle = { x: globalThis.innerWidth / 3, y: globalThis.innerHeight / 4 };
  studio.help.set({ node, at: head === null ? middle : placeBeside(head), resting: false });
}

/** Beside a node, so that its widgets stay in reach. */
function placeBeside(head: Element): Place {
  const { left, right, top } = head.getBoundingClientRect();
  const fits = right + GAP + WIDTH <= globalThis.innerWidth || left - GAP - WIDTH < 0;
  return { x: fits ? right + GAP : left - GAP - WIDTH, y: top };
}

/** Whether something else is open above the canvas. */
function isBusy(studio: Studio): boolean {
  const { overlay, connecting } = studio.current.get().workspace;
  return studio.search.get() !== null || overlay.get() !== null || connecting.current !== null;
}

/** Shows help where the pointer rests on a title, and hides it when the pointer, a key or the view goes on. */
function followPointer(studio: Studio): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const { help } = studio;
  const hide = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (help.get()?.resting) help.set(null);
  };
  const over = (event: PointerEvent): void => {
    const shown = help.get();
    if (event.pointerType !== "mouse" || shown?.resting === false) return;
    clearTimeout(timer);
    const target = event.target as Element;
    const head = target.closest(APART) === null ? target.closest(".node-head") : null;
    const node = head?.closest("[data-node]")?.getAttribute("data-node");
    if (target.closest(".help-card") !== null || node === shown?.node) return;
    timer = setTimeout(() => {
      hide();
      if (head === null || node == null || event.buttons !== 0) return;
      timer = setTimeout(() => {
        if (!isBusy(studio) && head.isConnected) help.set({ node, at: placeBeside(head), resting: true });
      }, REST - AWAY);
    }, AWAY);
  };
  const elsewhere = (event: Event): void => {
    if ((event.target as Element).closest?.(".help-card") === null) hide();
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !help.get()?.resting) return;
    hide();
    event.preventDefault();
    event.stopPropagation();
  };
  document.addEventListener("pointerover", over);
  document.addEventListener("pointerdown", elsewhere, true);
  document.addEventListener("wheel", elsewhere, { capture: true, passive: true });
  document.addEventListener("keydown", key, true);
  return () => {
    hide();
    document.removeEventListener("pointerover", over);
    document.removeEventListener("pointerdown", elsewhere, true);
    document.removeEventListener("wheel", elsewhere, true);
    document.removeEventListener("keydown", key, true);
  };
}
