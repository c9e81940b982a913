import { useMemo } from "react";
import type { ReactElement } from "react";

import { inputsOf } from "../document/specs.ts";
import { linkOf } from "../document/wires.ts";
import type { GraphNode } from "../document/types.ts";
import { t } from "../strings/index.ts";
import type { End } from "./connecting.ts";
import { endOf, handleOf, judge } from "./connecting.ts";
import { useWorkspace } from "./context.ts";
import { addAt, detach, finishWire } from "./editing.ts";
import { PickList } from "./pick_list.tsx";
import type { Item } from "./pick_list.tsx";
import { lookOf, SHAPES, socketColor } from "./sockets.ts";
import type { Overlay, Workspace } from "./workspace.ts";
import { labelOf } from "./widget_row.tsx";

const NEW = "new";
const NONE = "none";
const MOST = 200;

/** Connect mode, first step: the sockets of a node. */
export function SocketList({ asked }: { readonly asked: Extract<Overlay, { kind: "sockets" }> }): ReactElement | null {
  const workspace = useWorkspace();
  const node = workspace.node(asked.node);
  if (node === undefined) return null;
  const { inputs, outputs } = endsOf(workspace, node);
  return (
    <PickList
      at={asked.at}
      label={t("connect.sockets", { node: workspace.titleOf(node) })}
      items={[...outputs, ...inputs].map((end) => item(workspace, end, true))}
      empty={t("connect.none")}
      onClose={() => workspace.overlay.set(null)}
      onPick={(key) => workspace.overlay.set({ kind: "partners", at: asked.at, end: endOf(node.id, key) })}
    />
  );
}

/** Connect mode, second step: every socket that fits, the nearest nodes first, or a node that is not there yet. */
export function PartnerList({ asked }: { readonly asked: Extract<Overlay, { kind: "partners" }> }): ReactElement {
  const workspace = useWorkspace();
  const { end, at } = asked;
  const partners = useMemo(() => partnersOf(workspace, end), [workspace, end]);
  const linked = end.input !== undefined && linkOf(workspace.node(end.node)?.inputs[end.input]) !== undefined;
  const items: Item<string>[] = [
    ...partners.map((partner) => item(workspace, partner, false)),
    { key: NEW, label: t("connect.new") },
    ...(linked ? [{ key: NONE, label: t("connect.remove") }] : []),
  ];
  const close = (): void => workspace.overlay.set(null);
  return (
    <PickList
      at={at}
      label={t("connect.partners", { socket: nameOf(workspace, end) })}
      items={items}
      empty={t("connect.none")}
      onClose={close}
      onPick={(key) => {
        close();
        if (key === NONE) return detach(workspace, end);
        if (key === NEW) {
          const rect = workspace.rectOf(end.node)!;
          const place = {
            x: end.input === undefined ? rect.x + rect.width + 80 : rect.x - 80,
            y: workspace.placeOf(end).y,
          };
          return workspace.services.search({
            at,
            wanted: workspace.wantedAt(end),
            choose: (spec) => void addAt(workspace, spec, place, end),
          });
        }
        const partner = partners.find((each) => keyOf(each) === key);
        if (partner !== undefined) finishWire(workspace, { start: end, taken: null, tapped: false }, partner, at);
      }}
    />
  );
}

function endsOf(
  workspace: Workspace,
  node: GraphNode,
): { readonly inputs: readonly End[]; readonly outputs: readonly End[] } {
  const spec = workspace.spec(node);
  return {
    inputs: inputsOf(node, spec).map(({ name }) => ({ node: node.id, input: name })),
    outputs: spec.outputs.map((_, output) => ({ node: node.id, output })),
  };
}

/** Sockets that a wire from this end may lead to. */
function partnersOf(workspace: Workspace, end: End): readonly End[] {
  const from = workspace.placeOf(end);
  const distance = ({ x, y }: GraphNode): number => Math.hypot(x - from.x, y - from.y);
  const nodes = [...workspace.store.graph().nodes.values()].filter(({ id }) => id !== end.node);
  const found: End[] = [];
  for (const node of nodes.toSorted((left, right) => distance(left) - distance(right))) {
    const { inputs, outputs } = endsOf(workspace, node);
    const fitting = (end.input === undefined ? inputs : outputs).filter(
      (other) => judge(workspace.wiring, end, other).reason === null,
    );
    found.push(...fitting);
    if (found.length >= MOST) break;
  }
  return found;
}

function keyOf(end: End): string {
  return `${end.node}\n${handleOf(end)}`;
}

function nameOf(workspace: Workspace, end: End): string {
  const node = workspace.node(end.node)!;
  const spec = workspace.spec(node);
  return end.input === undefined ? (spec.outputs[end.output]?.name ?? "") : labelOf({ name: end.input });
}

function item(workspace: Workspace, end: End, own: boolean): Item<string> {
  const node = workspace.node(end.node)!;
  const socket = workspace.socketAt(end);
  const name = nameOf(workspace, end);
  const mark = (
    <svg className="socket-mark" viewBox="0 0 12 12" aria-hidden="true" style={{ fill: socketColor(socket) }}>
      <path d={SHAPES[lookOf(socket).shape]} />
    </svg>
  );
  const linked = end.input !== undefined && linkOf(node.inputs[end.input]) !== undefined;
  const detail = [
    end.input === undefined ? t("connect.output") : t("connect.input"),
    socket,
    ...(linked ? [t("connect.linked")] : []),
  ].join(" · ");
  return own
    ? { key: handleOf(end), label: name, detail, picture: mark }
    : {
        key: keyOf(end),
        label: `${workspace.titleOf(node)}: ${name}`,
        detail: linked ? t("connect.linked") : "",
        picture: mark,
      };
}
