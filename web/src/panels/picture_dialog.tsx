import type { ReactElement } from "react";
import { useEffect, useState } from "react";

import { address } from "../api/client.ts";
import { jobs } from "../api/routes.ts";
import type { Members } from "../document/types.ts";
import { Icon } from "../editor/icon.tsx";
import { formatBytes } from "../strings/format.ts";
import { t } from "../strings/index.ts";
import { useStudio } from "../studio/context.ts";
import { guarded, openJob } from "../studio/opening.ts";
import { Dialog } from "./dialog.tsx";
import { IconButton } from "./parts.tsx";
import { parametersOf, textOf } from "./parameters.ts";
import { pictureAddress, type Picture } from "./pictures.ts";

/** One picture in full, what it was made with, and its neighbors by the arrow keys. */
export function PictureDialog(props: {
  readonly pictures: readonly Picture[];
  readonly at: Picture;
  readonly onShow: (picture: Picture) => void;
  readonly onCompare?: (pair: readonly [Picture, Picture]) => void;
  readonly onClose: () => void;
}): ReactElement {
  const { pictures, at, onShow, onCompare, onClose } = props;
  const studio = useStudio();
  const { artifact, job } = at;
  const index = pictures.findIndex((other) => other.artifact.sha256 === artifact.sha256 && other.job.id === job.id);
  const [older, newer] = [pictures[index + 1], index > 0 ? pictures[index - 1] : undefined];
  const size = artifact.width !== null && artifact.height !== null ? `${artifact.width} × ${artifact.height} · ` : "";
  const name = artifact.name.slice(artifact.name.lastIndexOf("/") + 1);

  useEffect(() => {
    const turn = (event: KeyboardEvent): void => {
      const next = { ArrowLeft: newer, ArrowRight: older }[event.key];
      if (next !== undefined) onShow(next);
    };
    document.addEventListener("keydown", turn, true);
    return () => document.removeEventListener("keydown", turn, true);
  }, [newer, older, onShow]);

  return (
    <Dialog title={name} className="picture-dialog" onClose={onClose}>
      <div className="picture-stage">
        <IconButton
          icon="right"
          className="turn back"
          label={t("picture.newer")}
          disabled={newer === undefined}
          onClick={() => newer && onShow(newer)}
        />
        <img
          key={artifact.sha256}
          src={pictureAddress(artifact)}
          alt={t("picture.of", { title: job.title || t("job.untitled") })}
        />
        <IconButton
          icon="right"
          className="turn"
          label={t("picture.older")}
          disabled={older === undefined}
          onClick={() => older && onShow(older)}
        />
      </div>
      <div className="picture-facts">
        <p className="muted">
          {size}
          {formatBytes(artifact.bytes)}
        </p>
        <div className="stack">
          <button
            type="button"
            className="primary"
            onClick={() => {
              onClose();
              void openJob(studio, job.id);
            }}
          >
            <Icon name="graph" />
            {t("picture.load")}
          </button>
          <a className="button" href={address(`/files/${artifact.sha256}`, { download: true })} download={name}>
            <Icon name="download" />
            {t("picture.download")}
          </a>
          {onCompare !== undefined && (
            <button type="button" disabled={older === undefined} onClick={() => older && onCompare([older, at])}>
              <Icon name="compare" />
              {t("picture.compare")}
            </button>
          )}
        </div>
        <Parameters job={job.id} />
      </div>
    </Dialog>
  );
}

function Parameters({ job }: { readonly job: string }): ReactElement | null {
  const document = useJobDocument(job);
  if (document === null) return null;
  const byNode = new Map<string, { title: string; rows: ReturnType<typeof parametersOf>[number][] }>();
  for (const parameter of parametersOf(document)) {
    const group = byNode.get(parameter.node) ?? { title: parameter.title, rows: [] };
    byNode.set(parameter.node, { ...group, rows: [...group.rows, parameter] });
  }
  return (
    <div className="parameters">
      <h3>{t("picture.parameters")}</h3>
      {[...byNode].map(([node, { title, rows }]) => (
        <section key={node}>
          <h4>{title}</h4>
          <dl>
            {rows.map(({ input, value }) => (
              <div key={input}>
                <dt>{input}</dt>
                <dd>{textOf(value)}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}

/** The document of a job, once it is there. */
export function useJobDocument(job: string): Members | null {
  const studio = useStudio();
  const [document, setDocument] = useState<{ readonly job: string; readonly members: Members } | null>(null);
  useEffect(() => {
    let current = true;
    void guarded(studio, async () => {
      const members = await jobs.document(job);
      if (current) setDocument({ job, members });
    });
    return () => void (current = false);
  }, [studio, job]);
  return document?.job === job ? document.members : null;
}
