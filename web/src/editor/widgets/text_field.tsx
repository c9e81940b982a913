import { useState } from "react";
import type { ReactElement } from "react";

import type { FieldProps } from "./field.ts";
import { invalid } from "./field.ts";

/** One line of text. It is taken over as it is typed and is one step when the focus leaves. */
export function TextField({ id, label, value, problem, onChange }: FieldProps<string>): ReactElement {
  const [before, setBefore] = useState<string | null>(null);
  const finish = (phase: "end" | "cancel"): void => {
    if (before !== null && before !== value) onChange(value, phase);
    setBefore(null);
  };
  return (
    <div className="field text nodrag" data-invalid={problem !== undefined || undefined}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        autoComplete="off"
        spellCheck={false}
        value={value}
        {...invalid(problem)}
        onFocus={() => setBefore(value)}
        onBlur={() => finish("end")}
        onChange={(event) => {
          if (before === null) setBefore(value);
          onChange(event.target.value, "during");
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" && event.key !== "Escape") return;
          event.stopPropagation();
          if (event.key === "Escape") finish("cancel");
          event.currentTarget.blur();
        }}
      />
    </div>
  );
}
