import { useEffect, useRef } from "react";
import type { KeyboardEvent, ReactElement } from "react";

import { setColor } from "../document/operations.ts";
import { t } from "../strings/index.ts";
import type { Action } from "./actions.ts";
import { COLORS } from "./actions.ts";
import { useWorkspace } from "./context.ts";
import { openSearch } from "./keyboard.ts";
import { hasMoved, Popover } from "./popover.tsx";
import type { Place } from "./popover.tsx";
import { detach } from "./editing.ts";
import { insertReroute } from "../document/operations.ts";
import { spotEntries } from "./spot_menu.ts";
import type { Overlay } from "./workspace.ts";

const ON_ITEM = [
  ["node.connect", "node.rename", "node.collapse", "node.mute", "node.bypass", "node.disconnect", "node.reset"],
  ["edit.copy", "edit.duplicate", "edit.delete"],
  ["group.frame", "group.subgraph", "group.enter", "group.unpack", "group.detach", "group.fit_frame"],
];
const ON_SEVERAL = [
  "arrange.align_left",
  "arrange.align_top",
  "arrange.distribute_across",
  "arrange.distribute_down",
  "arrange.layout",
];
const ON_CANVAS = [
  ["node.add", "edit.paste", "edit.select_all"],
  ["group.note", "arrange.layout", "group.leave"],
  ["view.fit_all", "view.find", "view.minimap"],
];

export interface Entry {
  readonly label: string;
  readonly keys?: string | undefined;
  readonly run: () => void;
}

/** What can be done to the item or the empty place that was pressed. */
export function ContextMenu({
  asked,
  actions,
}: {
  readonly asked: Extract<Overlay, { kind: "menu" }>;
  readonly actions: readonly Action[];
}): ReactElement {
  const workspace = useWorkspace();
  const { overlay, selection, store } = workspace;
  const named = asked.on === null ? ON_CANVAS : [...ON_ITEM, ...(selection.items.size > 1 ? [ON_SEVERAL] : [])];
  const spot = asked.end === undefined ? [] : spotEntries(workspace, asked.end);
  const listed = named.map((names) =>
    names.flatMap((name): Entry[] => {
      const action = actions.find((each) => each.name === name);
      if (action === undefined || !action.enabled()) return [];
      const run = name === "node.add" ? (): void => openSearch(workspace, asked.at) : action.run;
      return [{ label: action.label, keys: action.keys[0], run }];
    }),
  );
  return (
    <Menu label={t("menu.label")} at={asked.at} groups={[spot, ...listed]} onClose={() => overlay.set(null)}>
      {asked.on !== null && (
        <div className="swatches" role="group" aria-label={t("menu.color")}>
          {[undefined, ...COLORS].map((color, index) => (
            <button
              key={color ?? "none"}
              type="button"
              role="menuitem"
              tabIndex={-1}
              aria-label={color === undefined ? t("action.uncolor") : t("menu.color_number", { number: index })}
              style={{ background: color ?? "var(--node-header)" }}
              onClick={() => {
                overlay.set(null);
                store.edit(t("menu.color"), (draft) => setColor(draft, selection.items, color));
              }}
            />
          ))}
        </div>
      )}
    </Menu>
  );
}

/** What can be done to a wire. */
export function WireMenu({ asked }: { readonly asked: Extract<Overlay, { kind: "wire" }> }): ReactElement {
  const workspace = useWorkspace();
  const { wire, place } = asked;
  const bend = (): void =>
    void workspace.store.edit(t("step.reroute"), (draft) =>
      insertReroute(draft, wire.to, { x: place.x - 12, y: place.y - 12 }),
    );
  const groups = [
    [
      { label: t("step.reroute"), run: bend },
      { label: t("step.disconnect"), run: () => detach(workspace, wire.to) },
    ],
  ];
  return <Menu label={t("menu.wire")} at={asked.at} groups={groups} onClose={() => workspace.overlay.set(null)} />;
}

interface MenuProps {
  readonly label: string;
  readonly at: Place;
  readonly groups: readonly (readonly Entry[])[];
  readonly onClose: () => void;
  readonly children?: ReactElement | false;
}

export function Menu({ label, at, groups, onClose, children }: MenuProps): ReactElement {
  const box = useRef<HTMLDivElement>(null);
  const all = (): HTMLElement[] => [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
  useEffect(() => box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus(), []);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Tab") return onClose();
    const items = all();
    const at = items.indexOf(document.activeElement as HTMLElement);
    const next = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: -1 }[
      event.key
    ];
    const letter = event.key.length === 1 && event.key !== " " ? event.key.toLowerCase() : null;
    if (next !== undefined) items.at(next % items.length)!.focus();
    else if (letter !== null) {
      const order = [...items.slice(at + 1), ...items.slice(0, at + 1)];
      order.find((item) => item.textContent?.trim().toLowerCase().startsWith(letter))?.focus();
    } else return;
    event.preventDefault();
  };
  return (
    <Popover at={at} label={label} role="menu" className="menu" onClose={onClose}>
      <div ref={box} onKeyDown={onKeyDown} role="presentation">
        {groups
          .filter((group) => group.length > 0)
          .map((group, index) => (
            <div key={index} role="group" aria-label={label}>
              {group.map(({ label: name, keys, run }) => (
                <button
                  key={name}
                  type="button"
                  role="menuitem"
                  tabIndex={-1}
                  onPointerMove={(event) => hasMoved(event) && event.currentTarget.focus({ preventScroll: true })}
                  onClick={() => {
                    onClose();
                    run();
                  }}
                >
                  <span>{name}</span>
                  {keys !== undefined && <kbd>{keysText(keys)}</kbd>}
                </button>
              ))}
            </div>
          ))}
        {children}
      </div>
    </Popover>
  );
}

const APPLE = /mac|iphone|ipad/i.test(globalThis.navigator?.platform ?? "");
const SIGNS: Readonly<Record<string, string>> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Delete: "Del",
};

/** A combination as it is printed on keys. */
export function keysText(combination: string): string {
  const parts = combination.split(/\+(?!$)/).map((key) => SIGNS[key] ?? (key === "Mod" ? (APPLE ? "⌘" : "Ctrl") : key));
  return parts.join(APPLE ? "" : "+");
}
