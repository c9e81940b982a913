/** Arithmetic of number fields, whole numbers beyond 2^53 included: those are BigInt, all others plain numbers. */

export type Whole = number | bigint;

export interface Bounds {
  readonly whole: boolean;
  readonly low: Whole;
  readonly high: Whole;
  readonly step: number;
}

/** A whole number as it is kept: BigInt only where a double would lose it. */
export function narrowed(value: bigint): Whole {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** What was typed as a number within its bounds; null where it is none. */
export function readNumber(text: string, bounds: Bounds): Whole | null {
  const written = text
    .trim()
    .replace(/^\+/, "")
    .replace(/[−–]/g, "-")
    .replace(/^(-?\d+),(\d+)$/, "$1.$2");
  if (bounds.whole && /^-?\d+$/.test(written)) return clamped(narrowed(BigInt(written)), bounds);
  const number = Number(written);
  if (written === "" || !Number.isFinite(number)) return null;
  return clamped(bounds.whole ? Math.round(number) : number, bounds);
}

/** So many steps further, without the dust that adding 0.1 ten times leaves. */
export function stepped(value: Whole, steps: number, bounds: Bounds): Whole {
  if (typeof value === "bigint") return clamped(narrowed(value + BigInt(Math.round(steps * bounds.step))), bounds);
  const digits = Math.max(digitsOf(bounds.step), digitsOf(value));
  const next = value + steps * bounds.step;
  return clamped(bounds.whole ? Math.round(next) : Number(next.toFixed(Math.min(digits, 12))), bounds);
}

export function clamped(value: Whole, { low, high }: Pick<Bounds, "low" | "high">): Whole {
  return value < low ? low : value > high ? high : value;
}

/** How far along its range a value is, 0 to 1; null where the range is too wide for that to say anything. */
export function fraction(value: Whole, { low, high, step }: Bounds): number | null {
  const width = Number(high) - Number(low);
  if (!(width > 0) || width / step > 1000) return null;
  return Math.min(1, Math.max(0, (Number(value) - Number(low)) / width));
}

/** A random seed that every program can hold: below 2^53. */
export function randomSeed(): number {
  const [upper, lower] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number];
  return (upper & 0x1fffff) * 2 ** 32 + lower;
}

function digitsOf(value: number): number {
  const [, fraction = "", exponent = "0"] = /^-?\d+(?:\.(\d+))?(?:e(-?\d+))?$/.exec(String(value)) ?? [];
  return Math.max(0, fraction.length - Number(exponent));
}
