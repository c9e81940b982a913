/** Node types and documents for tests: a small text-to-image world. */

import { DocumentStore } from "../../src/document/store.ts";
import { NodeSpecs } from "../../src/document/specs.ts";
import type {
  GraphNode,
  InputSpec,
  Literal,
  NodeSpec,
  Value,
  Widget,
  WorkflowDocument,
} from "../../src/document/types.ts";

export function input(name: string, socket: string, more: Partial<InputSpec> = {}): InputSpec {
  return {
    name,
    socket,
    required: true,
    default: null,
    widget: null,
    lazy: false,
    many: false,
    growing: null,
    tip: "",
    ...more,
  };
}

export function widget(name: string, socket: string, kind: Widget | null, byDefault: Literal = null): InputSpec {
  return input(name, socket, { widget: kind, default: byDefault, required: byDefault === null });
}

export function spec(
  name: string,
  inputs: readonly InputSpec[],
  outputs: readonly string[],
  more: Partial<NodeSpec> = {},
): NodeSpec {
  const made = outputs.map((socket) => ({ name: socket, socket, many: false, kinds: [socket] }));
  return {
    name,
    title: name,
    category: "test",
    description: "",
    inputs,
    outputs: made,
    is_target: false,
    version: 1,
    aliases: [],
    ...more,
  };
}

const TEXT: Widget = { kind: "Text", multiline: true };
const STEPS: Widget = { kind: "Range", low: 1, high: 100, step: 1 };

export const SPECS = new NodeSpecs(
  Object.fromEntries(
    [
      spec(
        "Load",
        [widget("ckpt_name", "STRING", { kind: "Choice", source: "checkpoints" })],
        ["MODEL", "CLIP", "VAE"],
        { title: "Load Checkpoint" },
      ),
      spec(
        "Lora",
        [
          input("model", "MODEL"),
          input("clip", "CLIP"),
          widget("strength", "FLOAT", { kind: "Range", low: -2, high: 2, step: 0.05 }, 1),
        ],
        ["MODEL", "CLIP"],
      ),
      spec("Encode", [input("clip", "CLIP"), widget("text", "STRING", TEXT, "")], ["CONDITIONING"], {
        title: "Encode Text",
      }),
      spec("Empty", [widget("width", "INT", STEPS, 64)], ["LATENT"], { title: "Empty Latent Image" }),
      spec(
        "Sample",
        [
          input("model", "MODEL"),
          input("positive", "CONDITIONING"),
          input("negative", "CONDITIONING"),
          input("latent", "LATENT"),
          widget("seed", "INT", { kind: "Seed" }, 0),
          widget("steps", "INT", STEPS, 20),
          widget("cfg", "FLOAT", { kind: "Range", low: 0, high: 30, step: 0.5 }, 7),
        ],
        ["LATENT"],
        { aliases: ["KSampler"] },
      ),
      spec("Decode", [input("samples", "LATENT"), input("vae", "VAE")], ["IMAGE"]),
      spec(
        "Save",
        [input("images", "IMAGE"), widget("prefix", "STRING", { kind: "Text", multiline: false }, "p")],
        [],
        { is_target: true },
      ),
      spec(
        "Blur",
        [input("image", "IMAGE"), input("mask", "MASK", { required: false }), widget("amount", "INT", STEPS, 1)],
        ["IMAGE", "MASK"],
      ),
      spec("ToMask", [input("image", "IMAGE")], ["MASK"], { title: "Image to Mask" }),
      spec("Batch", [input("images", "IMAGE", { growing: "image_" })], ["IMAGE"]),
      spec("Whole", [widget("value", "INT", STEPS, 0)], ["INT"]),
      spec("Either", [input("first", "*", { required: false }), input("second", "*", { required: false })], ["*"]),
    ].map((each) => [each.name, each]),
  ),
);

export function node(
  id: string,
  type: string,
  inputs: Readonly<Record<string, Literal | readonly [string, number]>> = {},
  more: Partial<GraphNode> = {},
): GraphNode {
  const values = Object.entries(inputs).map(([name, value]): [string, Value] => [
    name,
    Array.isArray(value) && typeof value[0] === "string" && typeof value[1] === "number"
      ? { link: { node: value[0], output: value[1] } }
      : { literal: value as Literal },
  ]);
  return { id, type, x: 0, y: 0, mode: "run", inputs: Object.fromEntries(values), ...more };
}

export function documentOf(nodes: readonly GraphNode[], more: Partial<WorkflowDocument> = {}): WorkflowDocument {
  const graph = { nodes: new Map(nodes.map((each) => [each.id, each])), frames: new Map(), notes: new Map() };
  return { title: "", graph, definitions: new Map(), inputs: [], outputs: [], rest: {}, ...more };
}

/** Checkpoint → prompts → sampler → picture. */
export function textToImage(): WorkflowDocument {
  return documentOf([
    node("1", "Load", { ckpt_name: "demo" }),
    node("2", "Encode", { clip: ["1", 1], text: "a house" }),
    node("3", "Encode", { clip: ["1", 1], text: "" }),
    node("4", "Empty", { width: 64 }),
    node("5", "Sample", { model: ["1", 0], positive: ["2", 0], negative: ["3", 0], latent: ["4", 0], seed: 7 }),
    node("6", "Decode", { samples: ["5", 0], vae: ["1", 2] }),
    node("7", "Save", { images: ["6", 0], prefix: "p" }),
  ]);
}

export function storeOf(document: WorkflowDocument = textToImage()): { store: DocumentStore; specs: NodeSpecs } {
  const store = new DocumentStore(document, () => 0);
  return { store, specs: SPECS.with(store.document.definitions) };
}

/** A copy that later edits cannot reach, with the order of all maps. */
export function frozen(document: WorkflowDocument): unknown {
  const graph = ({ nodes, frames, notes }: WorkflowDocument["graph"]): unknown => [[...nodes], [...frames], [...notes]];
  const definitions = [...document.definitions.values()].map((each) => ({ ...each, graph: graph(each.graph) }));
  return { ...document, graph: graph(document.graph), definitions };
}

/** Numbers that are the same in every run: Mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
