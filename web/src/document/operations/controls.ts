/** What becomes of a value after each run: seeds that count up, down, or are drawn anew. */

import { changed, without, withEntry } from "../changed.ts";
import type { Draft } from "../draft.ts";
import { inputNamed, type NodeSpecs } from "../specs.ts";
import type { Control, InputSpec, Literal, NodeId } from "../types.ts";

const LARGEST_SEED = 2n ** 64n - 1n;
/** Drawn seeds stay below this, so that every program that reads them with doubles reads the same. */
const DRAWN_BELOW = 2 ** 53;

/** Say what becomes of an input after a run; `fixed` is what is so without being said. */
export function setControl(draft: Draft, id: NodeId, input: string, control: Control): void {
  const node = draft.graph.node(id);
  const controls =
    control === "fixed" ? without(node.controls ?? {}, input) : withEntry(node.controls ?? {}, input, control);
  draft.graph.setNode(changed(node, { controls: Object.keys(controls).length > 0 ? controls : undefined }));
}

/** Change every value that has a control, in all graphs, as after a run. Linked inputs stay. */
export function applyControls(draft: Draft, specs: NodeSpecs, random: () => number = Math.random): void {
  for (const graph of draft.graphs()) {
    for (const node of Array.from(graph.nodes.values())) {
      if (!node.controls || node.mode !== "run") continue;
      const spec = specs.get(node.type);
      let { inputs } = node;
      for (const [name, control] of Object.entries(node.controls)) {
        const declared = spec && inputNamed(spec, name);
        const value = inputs[name] ?? { literal: declared?.default ?? 0 };
        if ("link" in value || !declared) continue;
        const literal = controlled(value.literal, control, declared, random);
        if (literal !== value.literal) inputs = withEntry(inputs, name, { literal });
      }
      if (inputs !== node.inputs) graph.setNode({ ...node, inputs });
    }
  }
}

/** The next value of an input under a control; one that is no whole number stays. */
export function controlled(
  literal: Literal,
  control: Control,
  input: InputSpec,
  random: () => number = Math.random,
): Literal {
  const whole = wholeNumber(literal);
  if (control === "fixed" || (whole === undefined && control !== "randomize")) return literal;
  const { low, high, step } = stepsOf(input);
  if (control === "randomize") return drawn(low, high, random);
  const next = whole! + (control === "increment" ? step : -step);
  return plain(next > high ? low : next < low ? high : next);
}

/** A whole number as an editor holds it: a number where that is exact, else BigInt. */
export function plain(whole: bigint): number | bigint {
  const number = Number(whole);
  return Number.isSafeInteger(number) ? number : whole;
}

function drawn(low: bigint, high: bigint, random: () => number): number | bigint {
  const top = high < BigInt(DRAWN_BELOW) ? high : BigInt(DRAWN_BELOW) - 1n;
  const bottom = low > 0n ? low : 0n > top ? low : 0n;
  const count = top - bottom + 1n;
  const share = BigInt(Math.floor(random() * 2 ** 27)) * 2n ** 26n + BigInt(Math.floor(random() * 2 ** 26));
  return plain(bottom + (share * count) / 2n ** 53n);
}

function stepsOf({ widget }: InputSpec): { readonly low: bigint; readonly high: bigint; readonly step: bigint } {
  if (widget?.kind !== "Range") return { low: 0n, high: LARGEST_SEED, step: 1n };
  const { low, high, step } = widget;
  return {
    low: typeof low === "bigint" ? low : BigInt(Math.ceil(low)),
    high: typeof high === "bigint" ? high : BigInt(Math.floor(high)),
    step: BigInt(Math.max(1, Math.round(step ?? 1))),
  };
}

function wholeNumber(literal: Literal): bigint | undefined {
  if (typeof literal === "bigint") return literal;
  return typeof literal === "number" && Number.isInteger(literal) ? BigInt(literal) : undefined;
}
