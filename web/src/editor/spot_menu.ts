/** The part of the context menu that is about the very widget or socket that was pressed. */

import { clearInput, disconnectOutput, removePort } from "../document/operations.ts";
import type { InputPort, NodeId } from "../document/types.ts";
import { isLinked } from "../document/wires.ts";
import { t } from "../strings/index.ts";
import { detach } from "./editing.ts";
import type { End } from "./connecting.ts";
import { endOf } from "./connecting.ts";
import type { Entry } from "./menu.tsx";
import { feedFrom, inputPortOf, nameableOf, nameInput, nameOutput, outputPortOf, portsNow } from "./naming.ts";
import type { Workspace } from "./workspace.ts";

const MOST_PORTS = 4;

/** The end that an element of a node belongs to: a socket itself, or the row of a widget or a socket. */
export function endAt(target: Element, node: NodeId): End | undefined {
  const row = target.closest(".socket, .widget-row, .socket-row");
  const socket = row?.matches(".socket")
    ? row
    : row?.querySelector(target.matches(".output") ? ".socket[data-handleid^='out:']" : ".socket");
  const handle = socket?.getAttribute("data-handleid");
  return handle == null ? undefined : endOf(node, handle);
}

/** What can be done to this end; nothing for one that is gone. */
export function spotEntries(workspace: Workspace, end: End): readonly Entry[] {
  const node = workspace.node(end.node);
  if (node === undefined) return [];
  return end.input === undefined
    ? outputEntries(workspace, end.node, end.output)
    : inputEntries(workspace, end.node, end.input);
}

function inputEntries(workspace: Workspace, id: NodeId, input: string): readonly Entry[] {
  const { store } = workspace;
  const node = workspace.node(id)!;
  const label = input.replaceAll("_", " ");
  const port = inputPortOf(workspace, id, input);
  const entries: Entry[] = [];
  if (port !== undefined) entries.push(unname(workspace, "inputs", port.name));
  else if (nameableOf(workspace, id).inputs.includes(input)) {
    const key = store.path === "" ? "spot.name_input" : "spot.name_inner_input";
    entries.push({ label: t(key, { input: label }), run: () => nameInput(workspace, id, input) });
    for (const { name } of portsLike(workspace, id, input).slice(0, MOST_PORTS))
      entries.push({ label: t("spot.feed", { name }), run: () => feedFrom(workspace, name, id, input) });
  }
  if (isLinked(node, input))
    entries.push({ label: t("step.disconnect"), run: () => detach(workspace, { node: id, input }) });
  else if (input in node.inputs && workspace.input(id, input)?.required === false)
    entries.push({
      label: t("spot.clear", { input: label }),
      run: () => store.edit(t("step.clear"), (draft) => clearInput(draft, id, input)),
    });
  return entries;
}

/** The named inputs whose values have the same type and widget: a seed is no number of steps. */
function portsLike(workspace: Workspace, node: NodeId, input: string): readonly InputPort[] {
  const like = workspace.input(node, input);
  return portsNow(workspace).inputs.filter(({ ends: [end] }) => {
    const other = end && workspace.input(end[0], end[1]);
    return other !== undefined && other.socket === like?.socket && other.widget?.kind === like.widget?.kind;
  });
}

function outputEntries(workspace: Workspace, node: NodeId, output: number): readonly Entry[] {
  const { store } = workspace;
  const made = workspace.spec(workspace.node(node)!).outputs[output]?.name ?? String(output);
  const port = outputPortOf(workspace, { node, output });
  const key = store.path === "" ? "spot.name_output" : "spot.name_inner_output";
  const entries: Entry[] = [
    port !== undefined
      ? unname(workspace, "outputs", port.name)
      : { label: t(key, { output: made }), run: () => nameOutput(workspace, { node, output }) },
  ];
  const readers = [...store.graph().wires.readers(node)].flatMap((id) =>
    Object.values(workspace.node(id)?.inputs ?? {}),
  );
  if (readers.some((value) => "link" in value && value.link.node === node && value.link.output === output))
    entries.push({
      label: t("spot.disconnect_output", { output: made }),
      run: () => store.edit(t("step.disconnect"), (draft) => disconnectOutput(draft, { node, output })),
    });
  return entries;
}

function unname(workspace: Workspace, side: "inputs" | "outputs", name: string): Entry {
  return {
    label: t("spot.unname", { name }),
    run: () => workspace.store.edit(t("step.port"), (draft) => removePort(draft, side, name)),
  };
}
