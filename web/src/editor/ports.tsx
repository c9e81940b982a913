import { useState } from "react";
import type { ReactElement } from "react";

import { movePort, removePort, renamePort } from "../document/operations.ts";
import type { Definition } from "../document/types.ts";
import { t } from "../strings/index.ts";
import { useWorkspace } from "./context.ts";
import { attempt } from "./graph_verbs.ts";
import { Icon } from "./icon.tsx";
import { socketColor } from "./sockets.ts";
import { lookOf, SHAPES } from "./sockets.ts";

/** What the subgraph that is edited takes and gives: names, types and order, the same for all its instances. */
export function PortPanel(): ReactElement | null {
  const { store } = useWorkspace();
  const [open, setOpen] = useState(true);
  const definition = store.document.definitions.get(store.path);
  if (definition === undefined) return null;
  return (
    <section className="ports" aria-label={t("ports.label")}>
      <button type="button" className="ports-head" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="port" />
        {t("ports.label")}
        <Icon name="chevron" />
      </button>
      {open && (
        <>
          <PortList definition={definition} side="inputs" />
          <PortList definition={definition} side="outputs" />
          <p>{t("ports.hint")}</p>
        </>
      )}
    </section>
  );
}

function PortList({
  definition,
  side,
}: {
  readonly definition: Definition;
  readonly side: "inputs" | "outputs";
}): ReactElement {
  const workspace = useWorkspace();
  const { store } = workspace;
  const spec = workspace.specs.get(`subgraph:${definition.id}`);
  return (
    <>
      <h2>{t(`ports.${side}`)}</h2>
      <ul>
        {definition[side].map(({ name }, index) => {
          const socket = spec?.[side][index]?.socket ?? "*";
          return (
            <li key={name}>
              <svg className="socket-mark" viewBox="0 0 12 12" aria-hidden="true" style={{ fill: socketColor(socket) }}>
                <path d={SHAPES[lookOf(socket).shape]} />
              </svg>
              <input
                defaultValue={name}
                aria-label={t("ports.name", { name })}
                title={socket}
                onKeyDown={(event) => {
                  event.stopPropagation();
                  if (event.key === "Enter") event.currentTarget.blur();
                }}
                onBlur={(event) => {
                  const next = event.target.value.trim();
                  if (next === name) return;
                  const done = attempt(workspace, () => {
                    store.edit(t("step.rename"), (draft) => renamePort(draft, side, name, next));
                    return true;
                  });
                  if (done === undefined) event.target.value = name;
                }}
              />
              <button
                type="button"
                disabled={index === 0}
                aria-label={t("ports.up", { name })}
                onClick={() => store.edit(t("step.port"), (draft) => movePort(draft, side, index, index - 1))}
              >
                <Icon name="collapse" />
              </button>
              <button
                type="button"
                aria-label={t("ports.remove", { name })}
                onClick={() => store.edit(t("step.port"), (draft) => removePort(draft, side, name))}
              >
                <Icon name="close" />
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}
