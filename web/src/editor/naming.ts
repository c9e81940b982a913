/** The interface of the graph that is edited: which inputs and outputs of its nodes have a name outside. */

import { feedAlso, promoteInput, promoteOutput } from "../document/operations.ts";
import { inputsOf, takesLiteral } from "../document/specs.ts";
import { suggestedInputs } from "../document/suggestions.ts";
import type { InputPort, Link, NodeId, OutputPort } from "../document/types.ts";
import { inputAt, outputAt } from "../document/typing.ts";
import { isLinked } from "../document/wires.ts";
import { t } from "../strings/index.ts";
import { handleOf } from "./connecting.ts";
import type { Workspace } from "./workspace.ts";

export interface Ends {
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
}

/** The ports of the graph that is edited: the workflow's, or those of the subgraph. */
export function portsNow({ store }: Workspace): Ends {
  return store.document.definitions.get(store.path) ?? store.document;
}

/** The port by which an input of a node is named. */
export function inputPortOf(workspace: Workspace, node: NodeId, input: string): InputPort | undefined {
  return portsNow(workspace).inputs.find(({ ends }) => ends.some(([id, name]) => id === node && name === input));
}

export function outputPortOf(workspace: Workspace, { node, output }: Link): OutputPort | undefined {
  return portsNow(workspace).outputs.find(({ end }) => end?.[0] === node && end[1] === output);
}

/** The type of a port, as the node inside says it. */
export function socketOfPort(workspace: Workspace, port: InputPort | OutputPort): string {
  const { specs } = workspace;
  const graph = workspace.store.graph();
  if ("ends" in port) {
    const end = port.ends.find(([node]) => graph.nodes.has(node));
    return end ? inputAt(graph, specs, end[0], end[1]).socket : (port.socket ?? "*");
  }
  const { end } = port;
  if (!end || !graph.nodes.has(end[0])) return port.socket ?? "*";
  return outputAt(graph, specs, { node: end[0], output: end[1] }).socket;
}

/** What of a node can get a name: a workflow takes values, a subgraph wires too. Nothing that is wired or has one. */
export function nameableOf(
  workspace: Workspace,
  id: NodeId,
): { readonly inputs: string[]; readonly outputs: number[] } {
  const node = workspace.node(id);
  if (!node) return { inputs: [], outputs: [] };
  const spec = workspace.spec(node);
  const inputs = inputsOf(node, spec)
    .filter((input) => workspace.store.path !== "" || takesLiteral(input))
    .map(({ name }) => name)
    .filter((name) => !isLinked(node, name) && !inputPortOf(workspace, id, name));
  const outputs = spec.outputs.flatMap((_, output) => (outputPortOf(workspace, { node: id, output }) ? [] : [output]));
  return { inputs, outputs };
}

/** Give an input of a node a name outside. */
export function nameInput(workspace: Workspace, node: NodeId, input: string): void {
  const { store, specs } = workspace;
  const usual = suggestedInputs(store.graph(), specs).find(({ end }) => end[0] === node && end[1] === input);
  const name = store.edit(t("step.name_input"), (draft) => promoteInput(draft, { node, input }, usual?.name ?? input));
  workspace.say(t("said.named", { name }));
}

/** Let an input that has a name feed one more. */
export function feedFrom(workspace: Workspace, port: string, node: NodeId, input: string): void {
  workspace.store.edit(t("step.feed"), (draft) => feedAlso(draft, port, { node, input }));
  workspace.say(t("said.named", { name: port }));
}

/** Give an output of a node a name outside. */
export function nameOutput(workspace: Workspace, from: Link): void {
  const node = workspace.node(from.node);
  const made = node && workspace.spec(node).outputs[from.output]?.name;
  if (made === undefined) return;
  const name = workspace.store.edit(t("step.name_output"), (draft) => promoteOutput(draft, from, made.toLowerCase()));
  workspace.say(t("said.named", { name }));
}

/** Name all that people usually change. How many there were. */
export function nameUsual(workspace: Workspace): number {
  const { store, specs } = workspace;
  const found = suggestedInputs(store.graph(), specs);
  store.edit(t("action.name_usual"), (draft) => {
    for (const { name, end } of found) promoteInput(draft, { node: end[0], input: end[1] }, name);
  });
  workspace.say(t("said.named_usual", { count: found.length }));
  return found.length;
}

/** The inputs and outputs of a node that lead out of the subgraph it stands in, as handles call them; none outside one. */
export function endsOutside(workspace: Workspace, id: NodeId): readonly string[] {
  if (workspace.store.path === "") return [];
  const { inputs, outputs } = portsNow(workspace);
  return [
    ...inputs.flatMap(({ ends }) => ends.flatMap(([node, input]) => (node === id ? [handleOf({ node, input })] : []))),
    ...outputs.flatMap(({ end }) => (end?.[0] === id ? [handleOf({ node: id, output: end[1] })] : [])),
  ];
}
