/** Documents that the editor's verbs make; `made.json` holds them for the Python side to read. */

import { addNode, insertReroute, makeSubgraph, setControl, setMode } from "../../src/document/operations.ts";
import type { Members } from "../../src/document/types.ts";
import { writeDocument } from "../../src/files/patchbay.ts";
import { storeOf, textToImage } from "./specimens.ts";

/** Text to image: plain, with a subgraph, with one in another, and with a reroute, a second instance, modes and controls. */
export function made(): Members[] {
  const document = { ...textToImage(), inputs: [{ name: "prompt", ends: [["2", "text"]] as const }] };
  const { store, specs } = storeOf(document);
  const states = [writeDocument(store.document)];
  const inner = store.edit("group", (draft) => makeSubgraph(draft, specs, ["2", "3", "5"], "Sampling"));
  states.push(writeDocument(store.document));
  const outer = store.edit("group", (draft) => makeSubgraph(draft, specs, [inner, "6"], "All of it"));
  states.push(writeDocument(store.document));
  store.edit("more", (draft) => {
    insertReroute(draft, { node: "7", input: "images" }, { x: 1, y: 2 });
    setMode(draft, [addNode(draft, specs.get("subgraph:Sampling")!, { x: 3, y: 4 })], "mute");
    setControl(draft.in("Sampling"), "5", "seed", "randomize");
    setControl(draft, outer, "prompt", "fixed");
  });
  states.push(writeDocument(store.document));
  return states;
}
