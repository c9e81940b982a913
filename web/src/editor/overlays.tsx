import { useSyncExternalStore } from "react";
import type { ReactElement } from "react";

import { t } from "../strings/index.ts";
import type { Action } from "./actions.ts";
import { PartnerList, SocketList } from "./connect_menu.tsx";
import { useWorkspace } from "./context.ts";
import { uploadInto } from "./editing.ts";
import { MaskDialog } from "./mask/dialog.tsx";
import { ContextMenu, WireMenu } from "./menu.tsx";
import { NameList } from "./name_list.tsx";
import { PickList } from "./pick_list.tsx";
import { Refusal } from "./refusal.tsx";
import type { Overlay } from "./workspace.ts";

/** What is open over the canvas. */
export function Overlays({ actions }: { readonly actions: readonly Action[] }): ReactElement | null {
  const { overlay } = useWorkspace();
  const open = useSyncExternalStore(overlay.subscribe, () => overlay.get());
  switch (open?.kind) {
    case "menu":
      return <ContextMenu asked={open} actions={actions} />;
    case "wire":
      return <WireMenu asked={open} />;
    case "sockets":
      return <SocketList asked={open} />;
    case "partners":
      return <PartnerList asked={open} key={`${open.end.node} ${open.end.input ?? open.end.output}`} />;
    case "refused":
      return <Refusal asked={open} />;
    case "find":
      return <NodeFinder asked={open} />;
    case "name":
      return <NameList asked={open} />;
    case "mask":
      return <MaskPainter asked={open} />;
    case undefined:
      return null;
  }
}

/** Every node by its title and type, to go to. */
function NodeFinder({ asked }: { readonly asked: Extract<Overlay, { kind: "find" }> }): ReactElement {
  const workspace = useWorkspace();
  const nodes = [...workspace.store.graph().nodes.values()];
  const close = (): void => workspace.overlay.set(null);
  return (
    <PickList
      at={asked.at}
      label={t("find.label")}
      searched
      items={nodes.map((node) => ({
        key: node.id,
        label: workspace.titleOf(node),
        detail: `${workspace.spec(node).title} · ${node.id}`,
      }))}
      empty={t("find.none")}
      onClose={close}
      onPick={(id) => {
        close();
        workspace.goTo(id);
      }}
    />
  );
}

function MaskPainter({ asked }: { readonly asked: Extract<Overlay, { kind: "mask" }> }): ReactElement | null {
  const workspace = useWorkspace();
  const { node, input } = asked;
  const value = workspace.node(node)?.inputs[input];
  const name = value !== undefined && "literal" in value ? String(value.literal) : "";
  const stem = name.replace(/^.*\//, "").replace(/\.\w+$/, "");
  return (
    <MaskDialog
      picture={workspace.services.inputFile(name)}
      onClose={() => workspace.overlay.set(null)}
      onSave={(picture) => uploadInto(workspace, node, input, picture, `${stem.replace(/ mask$/, "")} mask.png`)}
    />
  );
}
