import { useRef, useState } from "react";
import type { KeyboardEvent, ReactElement, ReactNode } from "react";

import { t } from "../../strings/index.ts";
import { Icon } from "../icon.tsx";
import { PickList } from "../pick_list.tsx";
import { placeOf } from "../popover.tsx";
import type { Place } from "../popover.tsx";
import type { FieldProps } from "./field.ts";
import { invalid } from "./field.ts";

export type Option = string | number;

export interface ChoiceFieldProps extends FieldProps<Option | null> {
  readonly options: readonly Option[];
  /** The address of a small picture of an option. */
  readonly thumbnail?: ((option: string) => string | null) | undefined;
  /** Called before the list is shown, to bring it up to date. */
  readonly onOpen?: (() => void) | undefined;
  /** Buttons at the end of the row. */
  readonly children?: ReactNode;
}

/** One of several values: a button that opens a list, with a search where the list is long. */
export function ChoiceField(props: ChoiceFieldProps): ReactElement {
  const { id, label, value, options, problem, thumbnail, onChange, onOpen, children } = props;
  const [place, setPlace] = useState<Place | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const open = (): void => {
    onOpen?.();
    setPlace(placeOf(button.current!.parentElement!));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.altKey) return open();
    const next = options[options.indexOf(value ?? "") + (event.key === "ArrowDown" ? 1 : -1)];
    if (next !== undefined) onChange(next, "end");
  };
  const said = value === null || value === "" ? t("choice.none") : String(value);
  return (
    <div className="field choice nodrag" data-invalid={problem !== undefined || undefined}>
      <label htmlFor={id}>{label}</label>
      <button
        ref={button}
        id={id}
        type="button"
        role="combobox"
        aria-haspopup="listbox"
        aria-expanded={place !== null}
        aria-controls={place === null ? undefined : `${id}-list`}
        aria-label={`${label}: ${said}`}
        title={said}
        {...invalid(problem)}
        onClick={open}
        onKeyDown={onKeyDown}
      >
        <span>{shortName(said)}</span>
      </button>
      {children}
      {place !== null && (
        <PickList
          id={`${id}-list`}
          at={place}
          label={label}
          items={options.map((option) => ({
            key: option,
            label: String(option),
            picture: thumbnail && <Thumbnail address={thumbnail(String(option))} />,
          }))}
          selected={value}
          empty={t("choice.empty")}
          onClose={() => setPlace(null)}
          onPick={(chosen) => {
            setPlace(null);
            button.current?.focus({ preventScroll: true });
            if (chosen !== value) onChange(chosen, "end");
          }}
        />
      )}
    </div>
  );
}

/** Files are known by their last part; the whole name is in the list and the tip. */
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1).replace(/\.(safetensors|ckpt|pt|pth|bin)$/, "");
}

function Thumbnail({ address }: { readonly address: string | null }): ReactElement {
  const [failed, setFailed] = useState(false);
  if (address === null || failed) return <Icon name="picture" />;
  return <img src={address} alt="" loading="lazy" decoding="async" onError={() => setFailed(true)} />;
}
