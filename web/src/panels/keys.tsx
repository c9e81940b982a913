import type { ReactElement } from "react";

const MAC = /mac|iphone|ipad/i.test(navigator.platform);
const MAC_NAMES: Readonly<Record<string, string>> = { Mod: "⌘", Ctrl: "⌃", Alt: "⌥", Shift: "⇧", Meta: "⌘" };
const NAMES: Readonly<Record<string, string>> = {
  Mod: "Ctrl",
  Enter: "↵",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
  Delete: "Del",
};

/** A key combination such as `Mod+Shift+L`, as this computer's keys are called. */
export function Keys({ combination }: { readonly combination: string }): ReactElement {
  return (
    <span className="keys">
      {combination.split(/\+(?!$)/).map((key) => (
        <kbd key={key}>
          {(MAC ? MAC_NAMES[key] : undefined) ?? NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key)}
        </kbd>
      ))}
    </span>
  );
}
