/** Looking into JSON objects whose shape nobody promised. */

import type { Literal, Members } from "../document/types.ts";

const NONE: Members = {};

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value where it is an object, else an empty one. */
export function membersOf(value: Literal | undefined): Members {
  return isMembers(value) ? value : NONE;
}

export function textIn(members: Members, name: string): string | undefined {
  const value = members[name];
  return typeof value === "string" ? value : undefined;
}

/** A finite number, whole ones of any size as the nearest double. */
export function numberIn(members: Members, name: string): number | undefined {
  const value = members[name];
  const number = typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** The members that are not among these; undefined for none. */
export function restOf(members: Members, known: readonly string[]): Members | undefined {
  const rest = Object.entries(members).filter(([name]) => !known.includes(name));
  return rest.length > 0 ? Object.fromEntries(rest) : undefined;
}
