/** JSON without loss: whole numbers that a double cannot hold are BigInt, both ways. */

import { parse, stringify } from "lossless-json";

const WHOLE = /^-?\d+$/;

/** Read JSON text. Raises SyntaxError where it is none. */
export function parseJson(text: string): unknown {
  return parse(text, undefined, (digits) => {
    const number = Number(digits);
    return WHOLE.test(digits) && !Number.isSafeInteger(number) ? BigInt(digits) : number;
  });
}

/** Write a value as JSON text; `indent` spaces a level, none for one line. */
export function writeJson(value: unknown, indent?: number): string {
  return stringify(value, undefined, indent) ?? "null";
}
