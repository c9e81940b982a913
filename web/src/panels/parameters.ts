/** What a picture was made with: the written values of its document, and how two documents differ. */

import { writeJson } from "../document/json.ts";
import type { Literal, Members } from "../document/types.ts";

export interface Parameter {
  readonly node: string;
  /** What the node is called where it is shown. */
  readonly title: string;
  readonly input: string;
  readonly value: Literal;
}

export interface Difference {
  readonly title: string;
  readonly input: string;
  /** Null: not there. */
  readonly left: string | null;
  readonly right: string | null;
}

/** Every value that is written into a node of the document, those of its subgraphs after its own. */
export function parametersOf(document: Members): readonly Parameter[] {
  const definitions = Object.entries(membersOf(document["definitions"]));
  return [
    ...written(membersOf(document["nodes"]), ""),
    ...definitions.flatMap(([id, definition]) => written(membersOf(membersOf(definition)["nodes"]), `${id}:`)),
  ];
}

/** The values that are not the same in both, in the order of the left one. */
export function differencesOf(left: Members, right: Members): readonly Difference[] {
  const key = ({ node, input }: Parameter): string => writeJson([node, input]);
  const [before, after] = [left, right].map(
    (document) => new Map(parametersOf(document).map((found) => [key(found), found])),
  );
  return [...new Set([...before!.keys(), ...after!.keys()])].flatMap((name) => {
    const [a, b] = [before!.get(name), after!.get(name)];
    const [from, to] = [a && textOf(a.value), b && textOf(b.value)];
    if (from === to) return [];
    const { title, input } = (a ?? b)!;
    return [{ title, input, left: from ?? null, right: to ?? null }];
  });
}

export function textOf(value: Literal): string {
  return typeof value === "string" ? value : writeJson(value);
}

function written(nodes: Members, prefix: string): Parameter[] {
  return Object.entries(nodes).flatMap(([id, members]) => {
    const node = membersOf(members);
    const title = membersOf(node["_meta"])["title"];
    const shown = typeof title === "string" && title !== "" ? title : String(node["class_type"] ?? id);
    return Object.entries(membersOf(node["inputs"]))
      .filter(([, value]) => !isLink(value))
      .map(([input, value]) => ({ node: prefix + id, title: shown, input, value }));
  });
}

function membersOf(value: Literal | undefined): Members {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : {};
}

/** A wire is written as a list of a node's id and the number of an output. */
function isLink(value: Literal): boolean {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && typeof value[1] === "number";
}
