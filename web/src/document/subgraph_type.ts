/** The type of a node that is an instance of a subgraph: `subgraph:<definition id>`. */

const PREFIX = "subgraph:";

/** The id of the definition that a node type names, if it is a subgraph's. */
export function definitionOf(type: string): string | undefined {
  return type.startsWith(PREFIX) && type.length > PREFIX.length ? type.slice(PREFIX.length) : undefined;
}

export function subgraphType(definition: string): string {
  return PREFIX + definition;
}
