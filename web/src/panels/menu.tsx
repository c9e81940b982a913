import type { ReactElement, ReactNode } from "react";
import { useRef, useState } from "react";

import { Popover, placeOf, type Place } from "../editor/popover.tsx";
import { Keys } from "./keys.tsx";

export interface MenuItem {
  readonly label: string;
  readonly keys?: string | undefined;
  readonly disabled?: boolean;
  /** A line above it. */
  readonly parted?: boolean;
  readonly run: () => void;
}

/** A button that opens a menu: arrows move in it, Enter and Space choose. */
export function MenuButton(props: {
  readonly label: string;
  readonly className?: string;
  readonly items: readonly MenuItem[];
  readonly children: ReactNode;
}): ReactElement {
  const { label, className = "", items, children } = props;
  const [place, setPlace] = useState<Place | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = (): void => {
    setPlace(null);
    button.current?.focus();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={place !== null}
        onPointerDown={(event) => place !== null && event.stopPropagation()}
        onClick={() => (place === null ? setPlace(placeOf(button.current!)) : close())}
      >
        {children}
      </button>
      {place !== null && (
        <Popover at={place} label={label} role="menu" className="menu" onClose={close}>
          {items.map((item) => (
            <Item key={item.label} item={item} onClose={close} />
          ))}
        </Popover>
      )}
    </>
  );
}

function Item({ item, onClose }: { readonly item: MenuItem; readonly onClose: () => void }): ReactElement {
  const { label, keys, disabled = false, parted = false, run } = item;
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      className={parted ? "parted" : ""}
      aria-disabled={disabled}
      ref={(element) => {
        if (element !== null && element.parentElement?.firstElementChild === element) element.focus();
      }}
      onPointerMove={(event) => event.currentTarget.focus({ preventScroll: true })}
      onClick={() => {
        if (disabled) return;
        onClose();
        run();
      }}
      onKeyDown={(event) => {
        const all = [...event.currentTarget.parentElement!.querySelectorAll<HTMLElement>("[role=menuitem]")];
        const at = all.indexOf(event.currentTarget);
        const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
        if (event.key === "Tab") onClose();
        if (next === undefined) return;
        event.preventDefault();
        all.at(next % all.length)!.focus();
      }}
    >
      <span>{label}</span>
      {keys !== undefined && <Keys combination={keys} />}
    </button>
  );
}
