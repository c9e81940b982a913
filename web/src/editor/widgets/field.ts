/** What every widget is given: plain values, no store. */

/** `during`: more of the same gesture follows. `end`: this is the value. `cancel`: the one from before the gesture. */
export type Phase = "during" | "end" | "cancel";

export interface FieldProps<V> {
  /** Of the element that takes the focus. */
  readonly id: string;
  readonly label: string;
  readonly value: V;
  readonly onChange: (value: V, phase: Phase) => void;
  /** The id of the sentence that says what is wrong with it. */
  readonly problem?: string | undefined;
}

export function invalid(problem: string | undefined): { "aria-invalid"?: true; "aria-describedby"?: string } {
  return problem === undefined ? {} : { "aria-invalid": true, "aria-describedby": problem };
}
