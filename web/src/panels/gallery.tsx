import type { ReactElement } from "react";
import { useState } from "react";

import { jobs as routes } from "../api/routes.ts";
import type { Job } from "../api/types.ts";
import { Icon } from "../editor/icon.tsx";
import { formatMoment, formatSeconds } from "../strings/format.ts";
import { t } from "../strings/index.ts";
import { useStudio } from "../studio/context.ts";
import { guarded, openJob } from "../studio/opening.ts";
import { CompareDialog } from "./compare.tsx";
import { Empty, IconButton, SearchField } from "./parts.tsx";
import { canRetry, isPicture, pictureAddress, picturesOf, usePictures, type Picture } from "./pictures.ts";
import { PictureDialog } from "./picture_dialog.tsx";

const THUMBNAIL = 256;

/** All that was made: search, look closer, compare, load what made it. */
export function GalleryPanel(): ReactElement {
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState<readonly Picture[]>([]);
  const [open, setOpen] = useState<Picture | null>(null);
  const [comparing, setComparing] = useState<readonly [Picture, Picture] | null>(null);
  const gallery = usePictures(search);
  const all = picturesOf(gallery.jobs);
  const choose = (picture: Picture): void => {
    const rest = chosen.filter(({ artifact }) => artifact !== picture.artifact);
    setChosen(rest.length < chosen.length ? rest : [...chosen, picture].slice(-2));
  };

  return (
    <div className="panel gallery">
      <div className="panel-bar">
        <SearchField label={t("gallery.search")} value={search} onChange={setSearch} />
      </div>
      {chosen.length > 0 && (
        <div className="banner" role="status">
          <span>{t(chosen.length === 2 ? "gallery.two_chosen" : "gallery.one_chosen")}</span>
          <button
            type="button"
            className="primary"
            disabled={chosen.length !== 2}
            onClick={() => setComparing([chosen[0]!, chosen[1]!])}
          >
            {t("gallery.compare")}
          </button>
          <IconButton icon="close" label={t("gallery.clear")} onClick={() => setChosen([])} />
        </div>
      )}
      {gallery.jobs.length === 0 && !gallery.loading && (
        <Empty icon="picture" text={t(search === "" ? "gallery.empty" : "gallery.unmatched")} />
      )}
      {gallery.jobs.map((job) => (
        <JobPictures
          key={job.id}
          job={job}
          chosen={chosen}
          onOpen={setOpen}
          onChoose={choose}
          onForget={() => gallery.forget(job.id)}
        />
      ))}
      {gallery.more !== null && (
        <button type="button" className="wide" disabled={gallery.loading} onClick={gallery.more}>
          {t("gallery.more")}
        </button>
      )}
      {open !== null && (
        <PictureDialog
          pictures={all}
          at={open}
          onShow={setOpen}
          onCompare={(pair) => setComparing(pair)}
          onClose={() => setOpen(null)}
        />
      )}
      {comparing !== null && <CompareDialog pair={comparing} onClose={() => setComparing(null)} />}
    </div>
  );
}

function JobPictures(props: {
  readonly job: Job;
  readonly chosen: readonly Picture[];
  readonly onOpen: (picture: Picture) => void;
  readonly onChoose: (picture: Picture) => void;
  readonly onForget: () => void;
}): ReactElement {
  const { job, chosen, onOpen, onChoose, onForget } = props;
  const studio = useStudio();
  const title = job.title || t("job.untitled");
  const pictures = job.outputs.filter(isPicture);
  const ask = (action: () => Promise<unknown>): void => void guarded(studio, action);
  const forget = async (): Promise<void> => {
    await routes.forget(job.id);
    onForget();
  };
  return (
    <article className="gallery-job" aria-label={title}>
      <header>
        <strong>{title}</strong>
        <small className="muted">
          {formatMoment(job.created)}
          {job.started !== null && job.finished !== null && ` · ${formatSeconds(job.finished - job.started)}`}
        </small>
        {canRetry(job) && (
          <IconButton
            icon="retry"
            label={t("gallery.retry", { title })}
            onClick={() => ask(() => routes.retry(job.id))}
          />
        )}
        <IconButton icon="graph" label={t("gallery.load", { title })} onClick={() => void openJob(studio, job.id)} />
        {job.finished !== null && (
          <IconButton icon="trash" label={t("gallery.forget", { title })} onClick={() => ask(forget)} />
        )}
      </header>
      {job.error !== null && <p className="banner danger">{job.error.message}</p>}
      {job.state === "cancelled" && <p className="muted">{t("job.cancelled")}</p>}
      {job.state === "interrupted" && <p className="banner warning">{t("job.interrupted")}</p>}
      <ul className="thumbnails">
        {pictures.map((artifact, index) => {
          const picture = { job, artifact };
          const isChosen = chosen.some((other) => other.artifact === artifact);
          const name = t("gallery.picture", { title, number: index + 1 });
          return (
            <li key={`${artifact.node}/${artifact.item}/${artifact.index}`} data-chosen={isChosen || undefined}>
              <button type="button" className="thumbnail" aria-label={name} onClick={() => onOpen(picture)}>
                <img src={pictureAddress(artifact, THUMBNAIL)} alt="" loading="lazy" decoding="async" />
              </button>
              <button
                type="button"
                className="thumbnail-mark"
                aria-pressed={isChosen}
                aria-label={t("gallery.choose", { name })}
                title={t("gallery.choose_tip")}
                onClick={() => onChoose(picture)}
              >
                <Icon name="check" />
              </button>
            </li>
          );
        })}
      </ul>
    </article>
  );
}
