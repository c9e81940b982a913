import type { ReactElement } from "react";

import type { FieldProps } from "./field.ts";
import { invalid } from "./field.ts";

/** A colour, kept as the number 0xRRGGBB. */
export function ColorField({ id, label, value, problem, onChange }: FieldProps<number>): ReactElement {
  const written = `#${value.toString(16).padStart(6, "0")}`;
  const read = (text: string): number => Number.parseInt(text.slice(1), 16);
  return (
    <div className="field color nodrag" data-invalid={problem !== undefined || undefined}>
      <label htmlFor={id}>{label}</label>
      <output htmlFor={id}>{written}</output>
      <input
        id={id}
        type="color"
        value={written}
        {...invalid(problem)}
        onChange={(event) => onChange(read(event.target.value), "during")}
        onBlur={(event) => onChange(read(event.target.value), "end")}
      />
    </div>
  );
}
