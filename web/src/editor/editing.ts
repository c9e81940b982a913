/** What hands do to a graph, each as one named step: writing into widgets, adding nodes, drawing wires. */

import type { Draft } from "../document/draft.ts";
import { inputPlace, outputPlace, shapeOf, snapped } from "../document/geometry.ts";
import { addNode, connect, disconnect, placeItem, setControl, setInput } from "../document/operations.ts";
import type { Wanted } from "../document/specs.ts";
import { accepts, inputFor, inputsOf, outputFor } from "../document/specs.ts";
import type { Control, GraphNode, InputSpec, Literal, NodeId, NodeSpec, Point } from "../document/types.ts";
import { reads } from "../document/typing.ts";
import { isLinked } from "../document/wires.ts";
import { t } from "../strings/index.ts";
import { refusalText } from "./refusal.tsx";
import type { Drawing, End } from "./connecting.ts";
import { judge, wireOf } from "./connecting.ts";
import type { Place } from "./popover.tsx";
import type { Phase } from "./widgets/field.ts";
import type { Workspace } from "./workspace.ts";

/** Write into a widget. What comes between the first `during` and the `end` is one step. */
export function writeInput(workspace: Workspace, node: NodeId, input: string, value: Literal, phase: Phase): void {
  const { store } = workspace;
  const gesture = `${node}.${input}`;
  if (phase === "cancel") {
    if (workspace.gesture === gesture) store.rollback();
    workspace.gesture = null;
    return;
  }
  const name = t("step.set", { input: input.replaceAll("_", " ") });
  if (phase === "during" && workspace.gesture !== gesture) {
    store.begin(name);
    workspace.gesture = gesture;
  }
  if (workspace.node(node) !== undefined) store.edit(name, (draft) => setInput(draft, node, input, value));
  if (phase === "during") return;
  store.commit();
  workspace.gesture = null;
}

export function writeControl(workspace: Workspace, node: NodeId, input: string, control: Control): void {
  workspace.store.edit(t("step.control"), (draft) => setControl(draft, node, input, control));
  workspace.say(t("seed.control", { control: t(`seed.${control}`) }));
}

/** Put a picture into the input folder and name it in a widget. */
export async function uploadInto(
  workspace: Workspace,
  node: NodeId,
  input: string,
  file: Blob,
  name = nameOf(file),
): Promise<void> {
  const { services } = workspace;
  try {
    const stored = await services.upload(file, name);
    services.choices.add("images", stored);
    writeInput(workspace, node, input, stored, "end");
  } catch (error) {
    services.fail(t("image.failed", { reason: error instanceof Error ? error.message : String(error) }));
  }
}

function nameOf(file: Blob): string {
  return file instanceof File && file.name !== "" ? file.name : "pasted.png";
}

/** Add a node with its upper left corner at a place, wired to an end if there is one, and go to it. Its id. */
export function addAt(workspace: Workspace, spec: NodeSpec, at: Point, end: End | null = null): NodeId {
  const { store, services } = workspace;
  const wanted = end === null ? {} : workspace.wantedAt(end);
  const id = store.edit(t("step.add", { node: spec.title }), (draft) => {
    const added = addNode(draft, spec, at, (source) => services.choices.get(source));
    if (end !== null) wireTo(draft, added, spec, end, wanted);
    const { x, y } = placed(workspace, draft.graph.node(added), spec, at, wanted);
    placeItem(draft, added, { x, y });
    return added;
  });
  workspace.selection.set([id]);
  workspace.focused.set(id);
  workspace.say(t("said.added", { node: spec.title }));
  return id;
}

function wireTo(draft: Draft, added: NodeId, spec: NodeSpec, end: End, { from, to }: Wanted): void {
  if (end.input === undefined && from !== undefined) {
    const input = inputFor(spec, from);
    if (input !== undefined) connect(draft, { node: end.node, output: end.output }, { node: added, input: input.name });
  } else if (end.input !== undefined && to !== undefined) {
    const output = outputFor(spec, to);
    if (output !== undefined) connect(draft, { node: added, output }, { node: end.node, input: end.input });
  }
}

/** Where a new node goes so that the socket that was wired lies where the wire was dropped. */
function placed(workspace: Workspace, node: GraphNode, spec: NodeSpec, at: Point, { from, to }: Wanted): Point {
  let socket: Point = node;
  if (from !== undefined) socket = inputPlace(node, spec, inputFor(spec, from)?.name ?? "");
  else if (to !== undefined) socket = outputPlace(node, spec, outputFor(spec, to) ?? 0);
  const place = { x: at.x - (socket.x - node.x), y: at.y - (socket.y - node.y) };
  return workspace.services.preferences.get().snap ? { x: snapped(place.x), y: snapped(place.y) } : place;
}

/** A wire was drawn to a socket: make it, or say why not and what would help. */
export function finishWire(workspace: Workspace, drawing: Drawing, end: End, at: Place): void {
  const { store } = workspace;
  const verdict = judge(workspace.wiring, drawing.start, end);
  if (verdict.reason !== null) {
    workspace.say(refusalText(verdict));
    workspace.overlay.set({ kind: "refused", at, start: drawing.start, end });
    return;
  }
  const { from, to } = verdict.wire;
  store.edit(t(drawing.taken === null ? "step.connect" : "step.move_wire"), (draft) => {
    if (drawing.taken?.input !== undefined) disconnect(draft, drawing.taken);
    connect(draft, from, to);
  });
  workspace.say(t("said.connected", { input: to.input.replaceAll("_", " ") }));
}

/** A wire was dropped on a node beside its sockets: it takes the one that fits best, a free one if there is one. */
export function dropOnNode(workspace: Workspace, drawing: Drawing, id: NodeId, at: Place): void {
  const node = workspace.node(id);
  if (node === undefined || id === drawing.start.node || id === drawing.taken?.node) return;
  const spec = workspace.spec(node);
  const { from, to } = workspace.wantedAt(drawing.start);
  let end: End | undefined;
  if (from !== undefined) {
    const fitting = inputsOf(node, spec).filter((input) => accepts(input, from));
    const exact = fitting.filter(({ socket }) => socket === from.socket);
    const free = (inputs: readonly InputSpec[]): InputSpec | undefined =>
      inputs.find(({ name }) => !isLinked(node, name));
    const input = free(exact) ?? exact[0] ?? free(fitting) ?? fitting[0];
    end = input && { node: id, input: input.name };
  } else if (to !== undefined) {
    const output = outputFor(spec, to);
    end = output === undefined ? undefined : { node: id, output };
  }
  if (end === undefined) return workspace.say(t("refused.none", { node: workspace.titleOf(node) }));
  finishWire(workspace, drawing, end, at);
}

/** A wire was dropped on nothing: one that was taken off an input goes; for a new one a node is looked for. */
export function dropWire(workspace: Workspace, drawing: Drawing, at: Place): void {
  const { store, view, services } = workspace;
  const { start, taken } = drawing;
  if (taken?.input !== undefined) {
    store.edit(t("step.disconnect"), (draft) => disconnect(draft, taken));
    return workspace.say(t("said.disconnected"));
  }
  const place = view.toGraph(at);
  services.search({
    at,
    wanted: workspace.wantedAt(start),
    choose: (spec) => void addAt(workspace, spec, place, start),
  });
}

/** Put a node that converts between the two ends of a refused wire. */
export function convert(workspace: Workspace, start: End, end: End, spec: NodeSpec): void {
  const wire = wireOf(start, end);
  if (wire === null) return;
  const { store, services } = workspace;
  const [source, target] = [workspace.node(wire.from.node)!, workspace.node(wire.to.node)!];
  const output = workspace.wantedAt({ ...wire.from }).from!;
  const input = workspace.wantedAt({ ...wire.to }).to!;
  const left = outputPlace(source, workspace.spec(source), wire.from.output);
  const right = inputPlace(target, workspace.spec(target), wire.to.input);
  const id = store.edit(t("step.convert", { node: spec.title }), (draft) => {
    const added = addNode(draft, spec, { x: 0, y: 0 }, (name) => services.choices.get(name));
    const { width, height } = shapeOf(draft.graph.node(added), spec);
    const middle = { x: (left.x + right.x - width) / 2, y: (left.y + right.y - height) / 2 };
    draft.graph.setNode({ ...draft.graph.node(added), x: Math.round(middle.x), y: Math.round(middle.y) });
    connect(draft, wire.from, { node: added, input: inputFor(spec, output)!.name });
    connect(draft, { node: added, output: outputFor(spec, input)! }, wire.to);
    wireOnly(workspace, draft, added, spec);
    return added;
  });
  workspace.selection.set([id]);
  workspace.focused.set(id);
  workspace.say(t("said.added", { node: spec.title }));
}

/** Fill the sockets that a node must have from outputs that are the only ones of their type in the graph. */
function wireOnly(workspace: Workspace, draft: Draft, id: NodeId, spec: NodeSpec): void {
  for (const { name, socket, required } of spec.inputs) {
    if (!required || isLinked(draft.graph.node(id), name)) continue;
    const made = [...draft.graph.nodes.values()].flatMap((node) =>
      node.id === id
        ? []
        : workspace
            .spec(node)
            .outputs.flatMap((output, at) => (output.socket === socket ? [{ node: node.id, output: at }] : [])),
    );
    const [only] = made;
    if (made.length === 1 && !reads(draft.graph, only!.node, id)) connect(draft, only!, { node: id, input: name });
  }
}

/** Take the wire off an input. */
export function detach(workspace: Workspace, end: End): void {
  if (end.input === undefined) return;
  const { node, input } = end;
  workspace.store.edit(t("step.disconnect"), (draft) => disconnect(draft, { node, input }));
  workspace.say(t("said.disconnected"));
}

const PICTURE_NODE = "LoadImage";

/** Put a picture into the input folder and add a node that loads it, with its middle at a place. */
export async function addPicture(workspace: Workspace, file: Blob, at: Point): Promise<void> {
  const spec = workspace.specs.get(PICTURE_NODE);
  const input = spec && pictureInputOf(spec);
  if (spec === undefined || input === undefined) return workspace.services.fail(t("image.no_node"));
  const id = addAt(workspace, spec, { x: at.x - 120, y: at.y - 120 });
  await uploadInto(workspace, id, input, file);
}

/** The input of a type that names a picture of the input folder. */
export function pictureInputOf(spec: NodeSpec): string | undefined {
  return spec.inputs.find(({ widget }) => widget?.kind === "Choice" && widget.source === "images")?.name;
}
