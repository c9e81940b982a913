/** A reroute: a small node that passes on what it is given, so that a wire can bend. */

import type { NodeSpec } from "./types.ts";

export const REROUTE = "Reroute";
/** The name of its one input. */
export const REROUTED = "value";

/** For servers that do not list it. */
export const REROUTE_SPEC: NodeSpec = {
  name: REROUTE,
  title: "Reroute",
  category: "values",
  description: "Pass a value on as it is.",
  inputs: [
    {
      name: REROUTED,
      socket: "*",
      required: true,
      default: null,
      widget: null,
      lazy: false,
      many: false,
      growing: null,
      tip: "",
    },
  ],
  outputs: [{ name: "*", socket: "*", many: false, kinds: ["*"] }],
  is_target: false,
  version: 1,
  aliases: [],
};
