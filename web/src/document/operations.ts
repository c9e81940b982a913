/** Every verb that changes a document, for menus, palette and keys alike. Each takes a draft and changes its graph. */

export * from "./operations/arrange.ts";
export * from "./operations/controls.ts";
export * from "./operations/frames.ts";
export * from "./operations/nodes.ts";
export * from "./operations/ports.ts";
export * from "./operations/subgraphs.ts";
export * from "./operations/wires.ts";
