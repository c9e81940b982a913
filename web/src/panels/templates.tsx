import type { ReactElement } from "react";
import { useEffect, useState } from "react";

import { templates, workflows } from "../api/routes.ts";
import { formatMoment } from "../strings/format.ts";
import { t } from "../strings/index.ts";
import { useStudio } from "../studio/context.ts";
import { guarded, openSaved, openTemplate } from "../studio/opening.ts";
import { Dialog } from "./dialog.tsx";
import { Empty, SearchField } from "./parts.tsx";

interface Entry {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly kind: "saved" | "template";
}

/** What can be opened: workflows that were saved on this server, and the examples that come with it. */
export function TemplatesDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const studio = useStudio();
  const [search, setSearch] = useState("");
  const [entries, setEntries] = useState<readonly Entry[] | null>(null);
  useEffect(() => {
    void guarded(studio, async () => {
      const [examples, saved] = await Promise.all([templates.list(), workflows.list()]);
      setEntries([
        ...saved.workflows.map(({ name, saved: moment }) => ({
          name,
          title: name,
          about: formatMoment(moment),
          kind: "saved" as const,
        })),
        ...examples.templates.map(({ name, title, about }) => ({ name, title, about, kind: "template" as const })),
      ]);
    });
  }, [studio]);
  const words = search.toLowerCase().split(/\s+/);
  const found =
    entries?.filter(({ title, about }) => words.every((word) => `${title} ${about}`.toLowerCase().includes(word))) ??
    [];
  const open = ({ name, kind }: Entry): void => {
    onClose();
    void (kind === "saved" ? openSaved(studio, name) : openTemplate(studio, name));
  };
  return (
    <Dialog title={t("templates.title")} className="templates-dialog" onClose={onClose}>
      <SearchField label={t("templates.search")} value={search} onChange={setSearch} />
      {(["saved", "template"] as const).map((kind) => {
        const shown = found.filter((entry) => entry.kind === kind);
        if (shown.length === 0) return null;
        return (
          <section key={kind}>
            <h3>{t(kind === "saved" ? "templates.saved" : "templates.examples")}</h3>
            <ul className="cards">
              {shown.map((entry) => (
                <li key={entry.name}>
                  <button type="button" className="card" onClick={() => open(entry)}>
                    <strong>{entry.title}</strong>
                    <span>{entry.about}</span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
      {entries !== null && found.length === 0 && <Empty icon="templates" text={t("templates.none")} />}
    </Dialog>
  );
}
