import type { ReactElement } from "react";

import { t } from "../strings/index.ts";
import { useWorkspace } from "./context.ts";
import { nameableOf, nameInput, nameOutput } from "./naming.ts";
import { PickList } from "./pick_list.tsx";
import type { Overlay } from "./workspace.ts";

/** The inputs and outputs of a node that have no name outside yet, to give one of them one. */
export function NameList({ asked }: { readonly asked: Extract<Overlay, { kind: "name" }> }): ReactElement | null {
  const workspace = useWorkspace();
  const { node: id, at } = asked;
  const node = workspace.node(id);
  if (node === undefined) return null;
  const { inputs, outputs } = nameableOf(workspace, id);
  const made = workspace.spec(node).outputs;
  const close = (): void => workspace.overlay.set(null);
  return (
    <PickList
      at={at}
      label={t("action.name_port")}
      items={[
        ...inputs.map((name) => ({ key: `in:${name}`, label: name.replaceAll("_", " "), detail: t("connect.input") })),
        ...outputs.map((output) => ({
          key: `out:${output}`,
          label: made[output]!.name,
          detail: t("connect.output"),
        })),
      ]}
      empty={t("connect.none")}
      onClose={close}
      onPick={(key) => {
        close();
        if (key.startsWith("in:")) nameInput(workspace, id, key.slice(3));
        else nameOutput(workspace, { node: id, output: Number(key.slice(4)) });
      }}
    />
  );
}
