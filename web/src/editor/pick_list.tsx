import { useId, useMemo, useState } from "react";
import type { KeyboardEvent, ReactElement, ReactNode } from "react";

import { t } from "../strings/index.ts";
import { Icon } from "./icon.tsx";
import { hasMoved, Popover } from "./popover.tsx";
import type { Place } from "./popover.tsx";

export interface Item<K> {
  readonly key: K;
  readonly label: string;
  /** Said after the label, less loudly. */
  readonly detail?: string;
  readonly picture?: ReactNode;
}

export interface PickListProps<K extends string | number> {
  readonly at: Place;
  readonly label: string;
  readonly items: readonly Item<K>[];
  readonly selected?: K | null;
  /** Whether one types to find; else only in a long list. */
  readonly searched?: boolean;
  /** What to say where there are no items at all. */
  readonly empty: string;
  /** The id of the list, for the button that opens it. */
  readonly id?: string;
  readonly onPick: (key: K) => void;
  readonly onClose: () => void;
}

const SEARCHED_FROM = 9;
const PAGE = 8;

/** A list in a popover: arrows move, typing filters where it is long, Enter picks. */
export function PickList<K extends string | number>(props: PickListProps<K>): ReactElement {
  const { at, label, items, selected, empty, onPick, onClose, searched = items.length >= SEARCHED_FROM } = props;
  const own = useId();
  const list = props.id ?? own;
  const [query, setQuery] = useState("");
  const found = useMemo(() => matching(items, query), [items, query]);
  const [active, setActive] = useState(() =>
    Math.max(
      0,
      items.findIndex(({ key }) => key === selected),
    ),
  );
  const current = Math.min(active, found.length - 1);
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE, Home: -Infinity, End: Infinity }[
      event.key
    ];
    if (steps !== undefined) setActive(Math.min(found.length - 1, Math.max(0, current + steps)));
    else if (event.key === "Enter" && found[current] !== undefined) onPick(found[current].key);
    else if (event.key === "Tab") onClose();
    else return;
    event.preventDefault();
  };
  return (
    <Popover at={at} label={label} className="pick-list" onClose={onClose}>
      <div className={searched ? "search" : "unseen"}>
        <Icon name="search" />
        <input
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-autocomplete="list"
          aria-controls={list}
          aria-activedescendant={found.length > 0 ? `${list}-${current}` : undefined}
          aria-label={t("choice.search", { label })}
          placeholder={t("choice.search", { label })}
          readOnly={!searched}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      {found.length === 0 ? (
        <p id={list} className="nothing">
          {items.length === 0 ? empty : t("choice.unmatched")}
        </p>
      ) : (
        <ul id={list} role="listbox" aria-label={label} className="nowheel">
          {found.map(({ key, label: name, detail, picture }, index) => (
            <li
              key={key}
              id={`${list}-${index}`}
              ref={index === current ? (item) => item?.scrollIntoView({ block: "nearest" }) : undefined}
              role="option"
              aria-selected={key === selected}
              data-active={index === current || undefined}
              onPointerMove={(event) => hasMoved(event) && setActive(index)}
              onClick={() => onPick(key)}
            >
              {picture}
              <span>{name}</span>
              {detail !== undefined && <small>{detail}</small>}
              {key === selected && <Icon name="check" />}
            </li>
          ))}
        </ul>
      )}
    </Popover>
  );
}

/** Items that hold every word of the query; those that begin with it come first. */
export function matching<K>(items: readonly Item<K>[], query: string): readonly Item<K>[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return items;
  const text = ({ label, detail = "" }: Item<K>): string => `${label} ${detail}`.toLowerCase();
  const late = (item: Item<K>): number => (text(item).startsWith(words[0]!) ? 0 : 1);
  return items
    .filter((item) => words.every((word) => text(item).includes(word)))
    .sort((left, right) => late(left) - late(right));
}
