import type { ReactElement } from "react";

import type { Reason } from "../document/refused.ts";
import { t } from "../strings/index.ts";
import type { Verdict } from "./connecting.ts";
import { judge } from "./connecting.ts";
import { useWorkspace } from "./context.ts";
import { convert } from "./editing.ts";
import { Icon } from "./icon.tsx";
import { Popover } from "./popover.tsx";
import type { Overlay } from "./workspace.ts";

/** Why a wire cannot be, in a sentence; empty where it can. */
export function refusalText({ reason }: Verdict): string {
  return reason === null ? "" : reasonText(reason);
}

/** A reason as a sentence. */
export function reasonText(reason: Reason | { readonly code: "side" }): string {
  switch (reason.code) {
    case "type":
      return t("refused.type", { given: reason.given, taken: reason.taken });
    case "between":
      return t("refused.between", { count: reason.nodes.length });
    case "recursive":
      return t("refused.recursive", { title: reason.title });
    case "name_taken":
      return t("refused.name_taken", { name: reason.name });
    case "unknown_socket":
      return t("refused.unknown_socket", { socket: reason.socket });
    default:
      return t(`refused.${reason.code}`);
  }
}

/** After a wire was dropped on a socket that it does not fit: the reason, and nodes that would convert. */
export function Refusal({ asked }: { readonly asked: Extract<Overlay, { kind: "refused" }> }): ReactElement {
  const workspace = useWorkspace();
  const verdict = judge(workspace.wiring, asked.start, asked.end);
  const converters = verdict.reason === null ? [] : verdict.converters.slice(0, 3);
  const close = (): void => workspace.overlay.set(null);
  return (
    <Popover at={asked.at} label={t("refused.title")} className="refusal" onClose={close}>
      <p>
        <Icon name="error" />
        {refusalText(verdict)}
      </p>
      {converters.map((spec, index) => (
        <button
          key={spec.name}
          type="button"
          autoFocus={index === 0}
          onClick={() => {
            close();
            convert(workspace, asked.start, asked.end, spec);
          }}
        >
          <Icon name="plus" />
          {t("refused.convert", { node: spec.title })}
        </button>
      ))}
    </Popover>
  );
}
