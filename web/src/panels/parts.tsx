/** Small parts that several panels are made of. */

import type { ReactElement } from "react";

import { Icon, type IconName } from "../editor/icon.tsx";

/** A button with a drawing; its name is read out, and shown as a tip. */
export function IconButton(props: {
  readonly icon: IconName;
  readonly label: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly className?: string;
  readonly onClick: () => void;
}): ReactElement {
  const { icon, label, pressed, disabled = false, className = "", onClick } = props;
  return (
    <button
      type="button"
      className={`quiet icon-only ${className}`}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

/** What a list says while there is nothing in it. */
export function Empty({ icon, text }: { readonly icon: IconName; readonly text: string }): ReactElement {
  return (
    <div className="empty">
      <Icon name={icon} />
      <p>{text}</p>
    </div>
  );
}

/** One of a few, side by side. */
export function Segments<V extends string>(props: {
  readonly label: string;
  readonly value: V;
  readonly options: readonly (readonly [value: V, label: string])[];
  readonly onChange: (value: V) => void;
}): ReactElement {
  const { label, value, options, onChange } = props;
  return (
    <div className="segments" role="radiogroup" aria-label={label}>
      {options.map(([option, name], index) => (
        <button
          key={option}
          type="button"
          role="radio"
          aria-checked={option === value}
          tabIndex={option === value ? 0 : -1}
          onClick={() => onChange(option)}
          onKeyDown={(event) => {
            const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
            if (step === undefined) return;
            event.preventDefault();
            const next = (index + step + options.length) % options.length;
            onChange(options[next]![0]);
            (event.currentTarget.parentElement!.children[next] as HTMLElement).focus();
          }}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

/** A search field of a panel. */
export function SearchField(props: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactElement {
  return (
    <label className="search-field">
      <Icon name="search" />
      <span className="unseen">{props.label}</span>
      <input
        type="search"
        placeholder={props.label}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      />
    </label>
  );
}
