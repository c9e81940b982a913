import { useState } from "react";
import type { DragEvent, ReactElement } from "react";

import type { NodeRun } from "../api/run.ts";
import { artifactAddress } from "../api/routes.ts";
import type { GraphNode, NodeSpec } from "../document/types.ts";
import { t } from "../strings/index.ts";
import { useWorkspace } from "./context.ts";
import { uploadInto } from "./editing.ts";

export interface NodePictureProps {
  readonly node: GraphNode;
  readonly spec: NodeSpec;
  readonly run: NodeRun | undefined;
  readonly place: { readonly y: number; readonly height: number };
}

const MOST = 9;

/** Where a node shows pictures: what it made, what it is at work on, or the one that its widget names. */
export function NodePicture({ node, spec, run, place }: NodePictureProps): ReactElement {
  const workspace = useWorkspace();
  const [over, setOver] = useState(false);
  const named = spec.inputs.find(({ widget }) => widget?.kind === "Choice" && widget.source === "images");
  const pictures = (run?.artifacts ?? []).filter(({ media_type }) => media_type?.startsWith("image/"));
  const texts = (run?.artifacts ?? []).flatMap(({ text }) => text ?? []);
  const title = workspace.titleOf(node);

  let content: ReactElement | readonly ReactElement[] = (
    <p>{t(named === undefined ? "picture.later" : "picture.drop")}</p>
  );
  let columns = 1;
  if (run?.state === "running" && run.preview !== null) {
    content = <img src={run.preview} alt={t("node.preview", { node: title })} draggable={false} />;
  } else if (pictures.length > 0) {
    const shown = pictures.slice(0, MOST);
    columns = Math.ceil(Math.sqrt(shown.length));
    content = shown.map((artifact, index) => (
      <button
        key={`${artifact.item}-${artifact.index}`}
        type="button"
        aria-label={t("picture.show", { name: artifact.name })}
        onClick={() => workspace.services.showPicture(pictures, index)}
      >
        <img src={artifactAddress(artifact)} alt={artifact.name} loading="lazy" decoding="async" draggable={false} />
      </button>
    ));
  } else if (texts.length > 0) {
    content = <pre className="nowheel">{texts.join("\n\n")}</pre>;
  } else if (named !== undefined) {
    const value = node.inputs[named.name];
    const name = value !== undefined && "literal" in value ? value.literal : null;
    if (typeof name === "string" && name !== "") {
      content = (
        <img key={name} src={workspace.services.inputPicture(name)} alt={name} decoding="async" draggable={false} />
      );
    }
  }
  const drop = (event: DragEvent): void => {
    const [file] = [...event.dataTransfer.files].filter(({ type }) => type.startsWith("image/"));
    setOver(false);
    if (named === undefined || file === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // else the page would open it as a workflow
    void uploadInto(workspace, node.id, named.name, file);
  };
  return (
    <div
      className="node-picture nodrag"
      style={{ top: place.y, height: place.height, gridTemplateColumns: `repeat(${columns}, 1fr)` }}
      data-over={over || undefined}
      onDragOver={(event) => {
        if (named === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {content}
    </div>
  );
}
