import type { ReactElement } from "react";

import type { FieldProps } from "./field.ts";
import { invalid } from "./field.ts";

/** On or off. */
export function SwitchField({ id, label, value, problem, onChange }: FieldProps<boolean>): ReactElement {
  return (
    <div className="field switch nodrag" data-invalid={problem !== undefined || undefined}>
      <label htmlFor={id}>{label}</label>
      <button
        id={id}
        type="button"
        role="switch"
        aria-checked={value}
        {...invalid(problem)}
        onClick={() => onChange(!value, "end")}
      >
        <span />
      </button>
    </div>
  );
}
