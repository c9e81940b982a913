import type { ReactElement } from "react";
import { useEffect, useState } from "react";

import { formatMoment } from "../strings/format.ts";
import { t } from "../strings/index.ts";
import { useStudio, useTab } from "../studio/context.ts";
import { guarded } from "../studio/opening.ts";
import type { Past, Version } from "../studio/versions.ts";
import { openVersion, pastOf, sizeOf } from "../studio/versions.ts";
import { Dialog } from "./dialog.tsx";
import { Empty } from "./parts.tsx";

const PAGE = 8;

/** What the server kept of the shown workflow, to be opened beside it. */
export function VersionsDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const studio = useStudio();
  const tab = useTab();
  const [past, setPast] = useState<readonly Past[] | null>(null);
  useEffect(() => {
    void guarded(studio, async () => {
      await studio.keeper(tab)?.flush(); // so that the newest draft is the one that is open
      setPast(await pastOf(tab));
    });
  }, [studio, tab]);
  const open = (from: Past, version: Version): void => {
    onClose();
    void openVersion(studio, from, version);
  };
  return (
    <Dialog title={t("versions.title")} className="versions-dialog" onClose={onClose}>
      {past === null && <p role="status">{t("versions.loading")}</p>}
      {past?.length === 0 && <Empty icon="clock" text={t("versions.none")} />}
      {past !== null && past.length > 0 && <p className="muted">{t("versions.hint")}</p>}
      {past?.map((each) => (
        <VersionList key={each.kind} past={each} onOpen={(version) => open(each, version)} />
      ))}
    </Dialog>
  );
}

/** The sizes are read as the list is: a page of versions at a time, with the one before. */
function VersionList({
  past,
  onOpen,
}: {
  readonly past: Past;
  readonly onOpen: (version: Version) => void;
}): ReactElement {
  const studio = useStudio();
  const [shown, setShown] = useState(PAGE);
  const [sizes, setSizes] = useState<ReadonlyMap<number, number | null>>(new Map());
  const { kind, name, versions } = past;
  useEffect(() => {
    const wanted = versions.slice(0, shown + 1).filter(({ revision }) => !sizes.has(revision));
    if (wanted.length === 0) return;
    let gone = false;
    void guarded(studio, async () => {
      const read = await Promise.all(
        wanted.map(async ({ revision }) => [revision, await sizeOf(past, revision)] as const),
      );
      if (!gone) setSizes((known) => new Map([...known, ...read]));
    });
    return () => {
      gone = true;
    };
  }, [studio, past, versions, shown, sizes]);
  return (
    <section>
      <h3>{kind === "saved" ? t("versions.saved", { name }) : t("versions.draft")}</h3>
      <ul className="rows">
        {versions.slice(0, shown).map((version, at) => {
          const { revision, saved } = version;
          const before = versions[at + 1];
          return (
            <li key={revision}>
              <button type="button" className="quiet version" onClick={() => onOpen(version)}>
                <strong>{formatMoment(saved)}</strong>
                <span className="muted">{t("versions.number", { number: revision })}</span>
                <span>{sizeText(sizes.get(revision), before && sizes.get(before.revision))}</span>
              </button>
            </li>
          );
        })}
      </ul>
      {versions.length > shown && (
        <button type="button" onClick={() => setShown(shown + PAGE)}>
          {t("versions.older")}
        </button>
      )}
    </section>
  );
}

/** How large a version is, and how that differs from the one before; nothing while it is not known yet. */
export function sizeText(size: number | null | undefined, before: number | null | undefined): string {
  if (size === undefined) return "";
  if (size === null) return t("versions.unreadable");
  const nodes = t("versions.nodes", { count: size });
  if (before == null) return nodes;
  const more = size - before;
  const change =
    more === 0 ? t("versions.same") : t(more > 0 ? "versions.more" : "versions.fewer", { count: Math.abs(more) });
  return `${nodes}, ${change}`;
}
