import type { CSSProperties, ReactElement } from "react";
import { useState } from "react";

import { t } from "../strings/index.ts";
import { Dialog } from "./dialog.tsx";
import { differencesOf } from "./parameters.ts";
import { pictureAddress, type Picture } from "./pictures.ts";
import { useJobDocument } from "./picture_dialog.tsx";

/** Two pictures over each other with a slider between them, and how their parameters differ. */
export function CompareDialog({
  pair: [left, right],
  onClose,
}: {
  readonly pair: readonly [Picture, Picture];
  readonly onClose: () => void;
}): ReactElement {
  const [share, setShare] = useState(50);
  const documents = [useJobDocument(left.job.id), useJobDocument(right.job.id)] as const;
  const differences = documents[0] !== null && documents[1] !== null ? differencesOf(documents[0], documents[1]) : null;
  const name = ({ artifact }: Picture): string => artifact.name.slice(artifact.name.lastIndexOf("/") + 1);
  return (
    <Dialog title={t("compare.title")} className="compare-dialog" onClose={onClose}>
      <div className="compare-stage" style={{ "--share": `${share}%` } as CSSProperties}>
        <img src={pictureAddress(right.artifact)} alt={t("compare.right", { name: name(right) })} />
        <img className="over" src={pictureAddress(left.artifact)} alt={t("compare.left", { name: name(left) })} />
        <span className="compare-line" aria-hidden="true" />
        <input
          type="range"
          min={0}
          max={100}
          value={share}
          aria-label={t("compare.slider")}
          onChange={(event) => setShare(Number(event.target.value))}
        />
      </div>
      <div className="compare-names muted">
        <span>{name(left)}</span>
        <span>{name(right)}</span>
      </div>
      {differences !== null && (
        <table className="differences">
          <caption>{t(differences.length === 0 ? "compare.same" : "compare.differences")}</caption>
          <tbody>
            {differences.map((difference) => (
              <tr key={`${difference.title}/${difference.input}`}>
                <th scope="row">
                  {difference.title} · {difference.input}
                </th>
                <td>{difference.left ?? "–"}</td>
                <td>{difference.right ?? "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Dialog>
  );
}
