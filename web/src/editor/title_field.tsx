import type { ReactElement } from "react";

/** A title while it is written. Enter and leaving take it over, Escape leaves it as it was. */
export function TitleField(props: {
  readonly title: string;
  readonly label: string;
  readonly onEnd: (title: string) => void;
}): ReactElement {
  const { title, label, onEnd } = props;
  return (
    <span className="node-title nodrag">
      <input
        autoFocus
        aria-label={label}
        defaultValue={title}
        onFocus={(event) => event.target.select()}
        onBlur={(event) => onEnd(event.target.value.trim())}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key !== "Enter" && event.key !== "Escape") return;
          event.preventDefault();
          if (event.key === "Escape") event.currentTarget.value = title;
          const item = event.currentTarget.closest<HTMLElement>("[tabindex]");
          if (item === null) event.currentTarget.blur();
          else item.focus({ preventScroll: true }); // the keyboard stays where it was
        }}
      />
    </span>
  );
}
