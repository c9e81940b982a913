import type { ReactElement } from "react";
import { useSyncExternalStore } from "react";

import { describePort, movePort, removePort, renamePort, renameSubgraph } from "../document/operations.ts";
import { suggestedInputs } from "../document/suggestions.ts";
import type { InputPort, NodeId, OutputPort } from "../document/types.ts";
import { attempt } from "../editor/graph_verbs.ts";
import { Icon } from "../editor/icon.tsx";
import { nameableOf, nameInput, nameOutput, nameUsual, portsNow, socketOfPort } from "../editor/naming.ts";
import { lookOf, SHAPES, socketColor } from "../editor/sockets.ts";
import { t } from "../strings/index.ts";
import { useDocument, useTab } from "../studio/context.ts";
import type { Tab } from "../studio/tab.ts";
import { IconButton } from "./parts.tsx";

type Side = "inputs" | "outputs";

/** What the graph that is edited is to others: the workflow's named inputs and outputs, or a subgraph's sockets. */
export function InterfacePanel(): ReactElement {
  const tab = useTab();
  useDocument(tab);
  const { store, workspace } = tab;
  const definition = store.document.definitions.get(store.path);
  const ports = portsNow(workspace);
  return (
    <div className="panel interface">
      {definition === undefined ? (
        <p className="muted">{t("interface.workflow")}</p>
      ) : (
        <>
          <label className="stacked">
            {t("interface.title")}
            <Written
              key={definition.title}
              label={t("interface.title")}
              value={definition.title}
              onWrite={(title) => {
                if (title === "") return false;
                store.edit(t("step.rename"), (draft) => renameSubgraph(draft, definition.id, title));
                return true;
              }}
            />
          </label>
          <p className="muted">{t("interface.subgraph")}</p>
        </>
      )}
      <PortSection tab={tab} side="inputs" ports={ports.inputs} />
      <PortSection tab={tab} side="outputs" ports={ports.outputs} />
      <FromSelection tab={tab} />
    </div>
  );
}

function PortSection(props: {
  readonly tab: Tab;
  readonly side: Side;
  readonly ports: readonly (InputPort | OutputPort)[];
}): ReactElement {
  const { tab, side, ports } = props;
  const { store, workspace } = tab;
  const usual = side === "inputs" && store.path === "" && ports.length === 0;
  const count = usual ? suggestedInputs(store.graph(), workspace.specs).length : 0;
  return (
    <section aria-label={t(`ports.${side}`)}>
      <h3>{t(`ports.${side}`)}</h3>
      {ports.length === 0 && <p className="muted small">{t(`interface.no_${side}`)}</p>}
      {count > 0 && (
        <button type="button" className="primary" onClick={() => void nameUsual(workspace)}>
          <Icon name="plus" />
          {t("interface.usual", { count })}
        </button>
      )}
      <ul className="port-list">
        {ports.map((port, index) => (
          <PortCard key={port.name} {...{ tab, side, port, index }} />
        ))}
      </ul>
    </section>
  );
}

function PortCard(props: {
  readonly tab: Tab;
  readonly side: Side;
  readonly port: InputPort | OutputPort;
  readonly index: number;
}): ReactElement {
  const { tab, side, port, index } = props;
  const { store, workspace } = tab;
  const { name, about = "" } = port;
  const socket = socketOfPort(workspace, port);
  const move = (to: number): void => store.edit(t("step.port"), (draft) => movePort(draft, side, index, to));
  return (
    <li>
      <div className="port-head">
        <svg className="socket-mark" viewBox="0 0 12 12" aria-hidden="true" style={{ fill: socketColor(socket) }}>
          <path d={SHAPES[lookOf(socket).shape]} />
        </svg>
        <Written
          label={t("ports.name", { name })}
          value={name}
          title={socket}
          onWrite={(next) =>
            attempt(workspace, () => {
              store.edit(t("step.rename"), (draft) => renamePort(draft, side, name, next));
              return true;
            }) ?? false
          }
        />
        <IconButton
          icon="collapse"
          label={t("ports.up", { name })}
          disabled={index === 0}
          onClick={() => move(index - 1)}
        />
        <IconButton
          icon="close"
          label={t("ports.remove", { name })}
          onClick={() => store.edit(t("step.port"), (draft) => removePort(draft, side, name))}
        />
      </div>
      <Written
        key={about}
        label={t("interface.about", { name })}
        value={about}
        placeholder={t("interface.about_hint")}
        onWrite={(words) => {
          store.edit(t("step.describe"), (draft) => describePort(draft, side, name, words));
          return true;
        }}
      />
      <Ends tab={tab} port={port} />
    </li>
  );
}

/** Where a port leads inside; a press goes there. */
function Ends({ tab, port }: { readonly tab: Tab; readonly port: InputPort | OutputPort }): ReactElement {
  const { workspace } = tab;
  const ends: { readonly node: NodeId; readonly what: string }[] =
    "ends" in port
      ? port.ends.map(([node, input]) => ({ node, what: input.replaceAll("_", " ") }))
      : port.end === null
        ? []
        : [{ node: port.end[0], what: outputName(tab, port.end) }];
  const live = ends.filter(({ node }) => workspace.node(node) !== undefined);
  if (live.length === 0) return <p className="fault">{t("interface.nowhere")}</p>;
  return (
    <ul className="port-ends">
      {live.map(({ node, what }) => (
        <li key={`${node} ${what}`}>
          <button
            type="button"
            className="quiet small"
            onClick={() => {
              tab.view.set("graph");
              requestAnimationFrame(() => workspace.goTo(node));
            }}
          >
            {workspace.titleOf(workspace.node(node)!)} · {what}
          </button>
        </li>
      ))}
    </ul>
  );
}

function outputName({ workspace }: Tab, [id, output]: readonly [NodeId, number]): string {
  const node = workspace.node(id);
  return (node && workspace.spec(node).outputs[output]?.name) ?? String(output);
}

/** What of the selected node has no name yet. */
function FromSelection({ tab }: { readonly tab: Tab }): ReactElement | null {
  const { workspace } = tab;
  const selected = useSyncExternalStore(
    (listener) => tab.selection.subscribe(listener),
    () => tab.selection.items,
  );
  const node = selected.size === 1 ? workspace.node([...selected][0]!) : undefined;
  if (node === undefined) return <p className="muted small">{t("interface.select")}</p>;
  const { inputs, outputs } = nameableOf(workspace, node.id);
  if (inputs.length + outputs.length === 0) return null;
  const spec = workspace.spec(node);
  const title = workspace.titleOf(node);
  return (
    <section aria-label={t("interface.of_node", { node: title })}>
      <h3>{t("interface.of_node", { node: title })}</h3>
      <div className="nameable">
        {inputs.map((input) => (
          <button
            key={`in ${input}`}
            type="button"
            aria-label={t("spot.name_input", { input: input.replaceAll("_", " ") })}
            onClick={() => nameInput(workspace, node.id, input)}
          >
            <Icon name="plus" />
            {input.replaceAll("_", " ")}
          </button>
        ))}
        {outputs.map((output) => (
          <button
            key={`out ${output}`}
            type="button"
            aria-label={t("spot.name_output", { output: spec.outputs[output]!.name })}
            onClick={() => nameOutput(workspace, { node: node.id, output })}
          >
            <Icon name="right" />
            {spec.outputs[output]!.name}
          </button>
        ))}
      </div>
    </section>
  );
}

/** A line of text that is taken over when it is left or Enter is pressed; what is refused is as it was before. */
function Written(props: {
  readonly label: string;
  readonly value: string;
  readonly title?: string;
  readonly placeholder?: string;
  readonly onWrite: (text: string) => boolean;
}): ReactElement {
  const { label, value, title, placeholder, onWrite } = props;
  return (
    <input
      defaultValue={value}
      aria-label={label}
      title={title}
      placeholder={placeholder}
      onKeyDown={(event) => {
        if (event.key === "Enter") event.currentTarget.blur();
      }}
      onBlur={(event) => {
        const text = event.target.value.trim();
        if (text !== value && !onWrite(text)) event.target.value = value;
      }}
    />
  );
}
