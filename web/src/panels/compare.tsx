import type { CSSProperties, ReactElement } from "react";
import { useState } from "react";

import { differenceOf, type Differences } from "../document/difference.ts";
import type { Literal } from "../document/types.ts";
import { readDocument } from "../files/patchbay.ts";
import { t } from "../strings/index.ts";
import { useStudio } from "../studio/context.ts";
import { Dialog } from "./dialog.tsx";
import { textOf } from "./parameters.ts";
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
  const found =
    documents[0] !== null && documents[1] !== null
      ? differenceOf(readDocument(documents[0]).document, readDocument(documents[1]).document)
      : null;
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
      {found !== null && <DifferenceTable found={found} />}
    </Dialog>
  );
}

function DifferenceTable({ found: { values, added, removed } }: { readonly found: Differences }): ReactElement {
  const { specs } = useStudio();
  const titleOf = ({ type, title }: { readonly type: string; readonly title?: string | undefined }): string =>
    title ?? specs.get(type)?.title ?? type;
  const shown = (value: Literal | undefined): string => (value === undefined ? "–" : textOf(value));
  const same = values.length + added.length + removed.length === 0;
  return (
    <>
      <table className="differences">
        <caption>{t(same ? "compare.same" : "compare.differences")}</caption>
        <tbody>
          {values.map((difference) => (
            <tr key={`${difference.path.join(":")}/${difference.input}`}>
              <th scope="row">
                {titleOf(difference)} · {difference.input.replaceAll("_", " ")}
              </th>
              <td>{shown(difference.from)}</td>
              <td>{shown(difference.to)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {removed.length > 0 && (
        <p className="muted">{t("compare.removed", { names: removed.map(titleOf).join(", ") })}</p>
      )}
      {added.length > 0 && <p className="muted">{t("compare.added", { names: added.map(titleOf).join(", ") })}</p>}
    </>
  );
}
