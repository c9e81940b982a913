import type { ReactElement } from "react";

import type { Control } from "../../document/types.ts";
import { t } from "../../strings/index.ts";
import { Icon } from "../icon.tsx";
import type { FieldProps } from "./field.ts";
import { NumberField } from "./number_field.tsx";
import type { Bounds, Whole } from "./numbers.ts";
import { randomSeed } from "./numbers.ts";

export const SEED: Bounds = { whole: true, low: 0, high: 2n ** 64n - 1n, step: 1 };
export const CONTROLS: readonly Control[] = ["fixed", "increment", "decrement", "randomize"];

export interface SeedFieldProps extends FieldProps<Whole> {
  readonly control: Control;
  readonly onControl: (control: Control) => void;
  /** The seed that the last run used, where it is another one. */
  readonly last?: Whole | undefined;
  /** Of inputs that have bounds of their own. */
  readonly bounds?: Bounds;
}

/** A seed up to 2^64 − 1: drawn anew by the die, and changed after each run as its control says. */
export function SeedField({ control, onControl, last, bounds = SEED, ...field }: SeedFieldProps): ReactElement {
  const following = CONTROLS[(CONTROLS.indexOf(control) + 1) % CONTROLS.length]!;
  return (
    <NumberField {...field} bounds={bounds}>
      {last !== undefined && last !== field.value && (
        <button
          type="button"
          title={t("seed.last", { seed: String(last) })}
          onClick={() => field.onChange(last, "end")}
        >
          <Icon name="history" />
        </button>
      )}
      <button type="button" title={t("seed.draw")} onClick={() => field.onChange(randomSeed(), "end")}>
        <Icon name="die" />
      </button>
      <button
        type="button"
        data-control={control}
        title={t("seed.control", { control: t(`seed.${control}`) })}
        aria-label={t("seed.control", { control: t(`seed.${control}`) })}
        onClick={() => onControl(following)}
      >
        <Icon name={control} />
      </button>
    </NumberField>
  );
}
