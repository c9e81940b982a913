/** Why a verb did nothing: a code that the strings have a sentence for, and what the sentence speaks of. */

export type Reason =
  | { readonly code: "type"; readonly given: string; readonly taken: string }
  | { readonly code: "cycle"; readonly node: string }
  | { readonly code: "unknown_socket"; readonly node: string; readonly socket: string }
  | { readonly code: "nothing_selected" }
  | { readonly code: "between"; readonly nodes: readonly string[] }
  | { readonly code: "recursive"; readonly title: string }
  | { readonly code: "not_a_subgraph"; readonly node: string }
  | { readonly code: "name_taken"; readonly name: string }
  | { readonly code: "not_a_document" };

export class Refused extends Error {
  override readonly name = "Refused";
  readonly reason: Reason;

  constructor(reason: Reason) {
    super(`refused: ${JSON.stringify(reason)}`);
    this.reason = reason;
  }
}
