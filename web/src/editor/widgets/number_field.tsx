import { useRef, useState } from "react";
import type { KeyboardEvent, PointerEvent, ReactElement, ReactNode } from "react";

import type { FieldProps } from "./field.ts";
import { invalid } from "./field.ts";
import type { Bounds, Whole } from "./numbers.ts";
import { fraction, readNumber, stepped } from "./numbers.ts";

const PIXELS_A_STEP = 4;
const DEAD_ZONE = 3;
/** More digits than this are set small, and the label gives way to them. */
const WIDE = 12;

interface Scrub {
  readonly pointer: number;
  readonly x: number;
  readonly from: Whole;
  /** The value reached; null while it may still be a click. */
  to: Whole | null;
}

export interface NumberFieldProps extends FieldProps<Whole> {
  readonly bounds: Bounds;
  /** Buttons at the end of the row. */
  readonly children?: ReactNode;
}

/** A number: typed, stepped by arrow keys, or dragged sideways. Shift makes steps ten times larger, Alt smaller. */
export function NumberField({ id, label, value, bounds, problem, onChange, children }: NumberFieldProps): ReactElement {
  const [typed, setTyped] = useState<string | null>(null);
  const scrub = useRef<Scrub | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const filled = fraction(value, bounds);
  const shown = typed ?? String(value);

  const finish = (): void => {
    if (typed === null) return;
    const read = readNumber(typed, bounds);
    setTyped(null);
    if (read !== null && read !== value) onChange(read, "end");
  };
  const step = (steps: number): void => {
    const from = typed === null ? value : (readNumber(typed, bounds) ?? value);
    setTyped(null);
    onChange(stepped(from, steps, bounds), "end");
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const size = event.shiftKey ? 10 : event.altKey && !bounds.whole ? 0.1 : 1;
    if (event.key === "ArrowUp") step(size);
    else if (event.key === "ArrowDown") step(-size);
    else if (event.key === "Enter") finish();
    else if (event.key === "Escape" && typed !== null) setTyped(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0 || document.activeElement === input.current) return;
    if ((event.target as Element).closest("button") !== null) return;
    event.preventDefault(); // the focus comes when it turns out to be a click
    event.currentTarget.setPointerCapture(event.pointerId);
    scrub.current = { pointer: event.pointerId, x: event.clientX, from: value, to: null };
  };
  const onPointerMove = (event: PointerEvent): void => {
    const start = scrub.current;
    if (start === null || event.pointerId !== start.pointer) return;
    const pixels = event.clientX - start.x;
    if (start.to === null && Math.abs(pixels) < DEAD_ZONE) return;
    const size = event.shiftKey ? 10 : event.altKey && !bounds.whole ? 0.1 : 1;
    start.to = stepped(start.from, Math.trunc(pixels / PIXELS_A_STEP) * size, bounds);
    onChange(start.to, "during");
  };
  const onPointerUp = (event: PointerEvent): void => {
    const start = scrub.current;
    scrub.current = null;
    if (start === null) return;
    if (start.to !== null && event.type === "pointercancel") onChange(start.from, "cancel");
    else if (start.to !== null) onChange(start.to, "end");
    else {
      input.current?.focus();
      input.current?.select();
    }
  };
  return (
    <div
      className="field number nodrag"
      data-invalid={problem !== undefined || undefined}
      data-long={shown.length > WIDE || undefined}
      style={{ "--filled": filled ?? undefined, "--digits": shown.length }}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerUp}
    >
      <label htmlFor={id}>{label}</label>
      <input
        ref={input}
        id={id}
        role="spinbutton"
        inputMode={bounds.whole ? "numeric" : "decimal"}
        autoComplete="off"
        spellCheck={false}
        value={shown}
        aria-valuenow={Number(value)}
        aria-valuetext={String(value)}
        aria-valuemin={Number(bounds.low)}
        aria-valuemax={Number(bounds.high)}
        {...invalid(problem)}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={finish}
        onKeyDown={onKeyDown}
      />
      {children}
    </div>
  );
}

/** The bounds of a whole-number or fractional input without a range of its own. */
export function unbounded(whole: boolean): Bounds {
  return {
    whole,
    low: whole ? -(2n ** 64n) + 1n : -Infinity,
    high: whole ? 2n ** 64n - 1n : Infinity,
    step: whole ? 1 : 0.1,
  };
}
