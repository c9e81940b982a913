/** The workflow as a plain form: its named inputs, or, where it names none, what one would want to change. */

import { inputNamed, type NodeSpecs } from "../document/specs.ts";
import { suggestedInputs } from "../document/suggestions.ts";
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

/** The form's fields, in order. Ends that lead nowhere, or to an input that is linked, are left out. */
export function formFields(document: WorkflowDocument, specs: NodeSpecs): readonly FormField[] {
  const { nodes } = document.graph;
  const ports = document.inputs.flatMap((port) => {
    const field = fieldAt(nodes, specs, port.ends);
    return field === null ? [] : [{ ...field, name: port.name, about: port.about ?? field.about }];
  });
  if (ports.length > 0) return ports;
  return suggestedInputs(document.graph, specs).flatMap(({ name, end }) => {
    const field = fieldAt(nodes, specs, [end]);
    return field === null ? [] : [{ ...field, name }];
  });
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
