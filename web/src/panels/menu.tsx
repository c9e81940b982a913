import type { ReactElement, ReactNode } from "react";
import { useCallback, useRef, useState } from "react";

import { Menu, type Entry } from "../editor/menu.tsx";
import { placeOf, type Place } from "../editor/popover.tsx";

/** A button that opens a menu below it; closing gives the button its focus back. */
export function MenuButton(props: {
  readonly label: string;
  readonly className?: string;
  readonly groups: readonly (readonly Entry[])[];
  readonly children: ReactNode;
}): ReactElement {
  const { label, className = "", groups, children } = props;
  const [place, setPlace] = useState<Place | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = useCallback(() => {
    setPlace(null);
    button.current?.focus();
  }, []);
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
        onClick={() => setPlace(place === null ? placeOf(button.current!) : null)}
      >
        {children}
      </button>
      {place !== null && <Menu label={label} at={place} groups={groups} onClose={close} />}
    </>
  );
}
