import { useEffect, useId, useRef, useState } from "react";
import type { ReactElement, ReactNode } from "react";

import { hasMoved } from "../editor/popover.tsx";
import { t } from "../strings/index.ts";

/** A search field above a list: arrows move, Enter chooses, the field keeps the focus. */
export function Picker<T>(props: {
  readonly label: string;
  readonly placeholder: string;
  readonly search: (query: string) => readonly T[];
  readonly keyOf: (item: T) => string;
  readonly row: (item: T) => ReactNode;
  /** A heading before this item, where one begins. */
  readonly headingOf?: (item: T, query: string) => string | null;
  readonly aside?: (item: T) => ReactNode;
  readonly onChoose: (item: T) => void;
  readonly empty: string;
}): ReactElement {
  const { label, placeholder, search, keyOf, row, headingOf, aside, onChoose, empty } = props;
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const found = search(query);
  const chosen = Math.min(at, found.length - 1);
  const active = found[chosen];

  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen, query]);

  const move = (step: number): void => {
    if (found.length > 0) setAt((chosen + step + found.length) % found.length);
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    PageDown: () => setAt(Math.min(found.length - 1, chosen + 8)),
    PageUp: () => setAt(Math.max(0, chosen - 8)),
    Enter: () => active !== undefined && onChoose(active),
  };

  return (
    <div className={`picker ${aside === undefined ? "" : "with-aside"}`}>
      <input
        ref={field}
        className="picker-field"
        role="combobox"
        aria-label={label}
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={active === undefined ? undefined : `${id}-${chosen}`}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          const run = event.nativeEvent.isComposing ? undefined : keys[event.key];
          if (run === undefined) return;
          event.preventDefault();
          run();
        }}
      />
      <div className="picker-columns">
        <div ref={list} className="picker-list" role="listbox" id={`${id}-list`} aria-label={label} tabIndex={-1}>
          {found.map((item, index) => {
            const heading = headingOf?.(item, query) ?? null;
            const before = index === 0 ? null : (headingOf?.(found[index - 1]!, query) ?? null);
            return (
              <div key={keyOf(item)} role="presentation">
                {heading !== null && heading !== before && (
                  <div className="picker-heading" role="presentation">
                    {heading}
                  </div>
                )}
                <div
                  id={`${id}-${index}`}
                  role="option"
                  aria-selected={index === chosen}
                  className="picker-row"
                  onPointerMove={(event) => hasMoved(event) && setAt(index)}
                  onClick={() => onChoose(item)}
                >
                  {row(item)}
                </div>
              </div>
            );
          })}
        </div>
        {found.length === 0 && <p className="picker-empty">{empty}</p>}
        {aside !== undefined && active !== undefined && (
          <div className="picker-aside" role="group" aria-label={keyOf(active)} tabIndex={0}>
            {aside(active)}
          </div>
        )}
      </div>
      <div className="unseen" role="status">
        {t("picker.found", { count: found.length })}
      </div>
    </div>
  );
}
