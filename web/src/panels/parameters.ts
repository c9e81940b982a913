/** What a picture was made with: the written values of its document. */

import { writeJson } from "../document/json.ts";
import type { Literal, Members } from "../document/types.ts";

export interface Parameter {
  readonly node: string;
  /** What the node is called where it is shown. */
  readonly title: string;
  readonly input: string;
  readonly value: Literal;
}

/** Every value that is written into a node of the document, those of its subgraphs after its own. */
export function parametersOf(document: Members): readonly Parameter[] {
  const definitions = Object.entries(membersOf(document["definitions"]));
  return [
    ...written(membersOf(document["nodes"]), ""),
    ...definitions.flatMap(([id, definition]) => written(membersOf(membersOf(definition)["nodes"]), `${id}:`)),
  ];
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
