import type { ReactElement } from "react";

/** A title while it is written. Enter and leaving keep it, Escape does not (`null`). */
export function TitleField(props: {
  readonly title: string;
  readonly label: string;
  readonly onEnd: (title: string | null) => void;
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
          if (event.key === "Enter") event.currentTarget.blur();
          else if (event.key === "Escape") onEnd(null);
        }}
      />
    </span>
  );
}
