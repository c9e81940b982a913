import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { CSSProperties, ReactElement, ReactNode } from "react";
import { createPortal } from "react-dom";

export interface Place {
  readonly x: number;
  readonly y: number;
  /** Of what it belongs to: it opens below, or above where there is no room. */
  readonly height?: number;
  readonly width?: number;
}

const MARGIN = 8;
const GAP = 4;

/** A panel above the page at a place in it, kept inside. Escape, a press outside and a loss of focus close it. */
export function Popover(props: {
  readonly at: Place;
  readonly label: string;
  readonly role?: "dialog" | "menu" | "listbox";
  readonly className?: string;
  /** Whether the focus stays where it is. */
  readonly leavesFocus?: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): ReactElement {
  const { at, label, role = "dialog", className = "", leavesFocus = false, onClose, children } = props;
  const box = useRef<HTMLDivElement>(null);
  const [style, setStyle] = useState<CSSProperties>({ opacity: 0 }); // hidden it could not take the focus;

  useLayoutEffect(() => {
    const { width, height } = box.current!.getBoundingClientRect();
    const below = at.y + (at.height ?? 0) + GAP;
    const fits = below + height + MARGIN <= globalThis.innerHeight;
    const top = fits ? below : at.height === undefined ? globalThis.innerHeight - height - MARGIN : at.y - GAP - height;
    const left = Math.min(at.x, globalThis.innerWidth - width - MARGIN);
    setStyle({ left: Math.max(MARGIN, left), top: Math.max(MARGIN, top), minWidth: at.width });
  }, [at]);

  useEffect(() => {
    const before = document.activeElement;
    if (!leavesFocus && !box.current!.contains(before)) box.current!.focus({ preventScroll: true }); // so that Escape reaches it
    const outside = (event: PointerEvent): void => {
      if (!box.current?.contains(event.target as globalThis.Node)) onClose();
    };
    document.addEventListener("pointerdown", outside, true);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      const lost = document.activeElement === document.body || document.activeElement === null;
      if (lost && before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, [leavesFocus, onClose]);

  const panel = (
    <div
      ref={box}
      className={`editor-popover ${className}`}
      role={role}
      aria-label={label}
      tabIndex={-1}
      style={style}
      onKeyDown={(event) => {
        event.stopPropagation(); // keys typed here are not the canvas's
        if (event.key === "Escape") onClose();
      }}
      onWheel={(event) => event.stopPropagation()}
    >
      {children}
    </div>
  );
  return createPortal(role === "dialog" ? panel : <section aria-label={label}>{panel}</section>, document.body);
}

/** Whether the pointer itself moved: what opens under one that rests is told of a move too. */
export function hasMoved({
  movementX,
  movementY,
}: {
  readonly movementX: number;
  readonly movementY: number;
}): boolean {
  return movementX !== 0 || movementY !== 0;
}

/** The place of an element, to open a panel under it. */
export function placeOf(element: Element): Place {
  const { left, top, width, height } = element.getBoundingClientRect();
  return { x: left, y: top, width, height };
}
