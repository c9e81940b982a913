/** The workflow as a plain form: its named inputs, or, where it names none, what one would want to change. */

import { inputNamed, type NodeSpecs } from "../document/specs.ts";
import type { Control, GraphNode, InputPort, InputSpec, Value, WorkflowDocument } from "../document/types.ts";

export interface FormField {
  readonly name: string;
  readonly about: string;
  /** Where its value is written; the first one's is shown. */
  readonly ends: InputPort["ends"];
  readonly spec: InputSpec;
  readonly value: Value | undefined;
  readonly control: Control | undefined;
}

/** Sources of choices that people change between runs. */
const OFTEN: ReadonlySet<string> = new Set(["checkpoints", "loras", "images"]);

/** The form's fields, in order. Ends that lead nowhere, or to an input that is linked, are left out. */
export function formFields(document: WorkflowDocument, specs: NodeSpecs): readonly FormField[] {
  const { nodes } = document.graph;
  const ports = document.inputs.flatMap((port) => {
    const field = fieldAt(nodes, specs, port.ends);
    return field === null ? [] : [{ ...field, name: port.name, about: port.about ?? field.about }];
  });
  return ports.length > 0 ? ports : [...nodes.values()].flatMap((node) => guessed(node, nodes, specs));
}

function guessed(node: GraphNode, nodes: ReadonlyMap<string, GraphNode>, specs: NodeSpecs): readonly FormField[] {
  const spec = specs.get(node.type);
  if (spec === undefined || node.mode !== "run") return [];
  return spec.inputs.filter(isWanted).flatMap((input) => {
    const field = fieldAt(nodes, specs, [[node.id, input.name]]);
    return field === null
      ? []
      : [{ ...field, name: `${node.title ?? spec.title} · ${input.name.replaceAll("_", " ")}` }];
  });
}

function isWanted({ widget }: InputSpec): boolean {
  if (widget?.kind === "Choice") return OFTEN.has(widget.source);
  return widget?.kind === "Seed" || (widget?.kind === "Text" && widget.multiline);
}

function fieldAt(nodes: ReadonlyMap<string, GraphNode>, specs: NodeSpecs, ends: InputPort["ends"]): FormField | null {
  const live = ends.filter(([id, input]) => {
    const node = nodes.get(id);
    const value = node?.inputs[input];
    return node !== undefined && !(value !== undefined && "link" in value);
  });
  const first = live[0];
  if (first === undefined) return null;
  const [id, input] = first;
  const node = nodes.get(id)!;
  const type = specs.get(node.type);
  const spec = type && inputNamed(type, input);
  if (spec === undefined) return null;
  return { name: input, about: spec.tip, ends: live, spec, value: node.inputs[input], control: node.controls?.[input] };
}
