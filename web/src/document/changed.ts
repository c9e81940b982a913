/** Values with other members. */

/** A copy with these members; those that are given as undefined are left out. The same value where nothing differs. */
export function changed<Kind extends object>(
  value: Kind,
  changes: { readonly [Name in keyof Kind]?: Kind[Name] | undefined },
): Kind {
  const names = Object.keys(changes) as (keyof Kind)[];
  if (names.every((name) => value[name] === changes[name])) return value;
  const members = Object.entries({ ...value, ...changes }).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members) as Kind;
}

/** A copy of a record without this name. */
export function without<Kind>(record: Readonly<Record<string, Kind>>, name: string): Readonly<Record<string, Kind>> {
  return Object.fromEntries(Object.entries(record).filter(([each]) => each !== name));
}

/** A copy of a record with this entry; any name will do, `__proto__` too. */
export function withEntry<Kind>(
  record: Readonly<Record<string, Kind>>,
  name: string,
  entry: Kind,
): Readonly<Record<string, Kind>> {
  return { ...record, [name]: entry };
}
