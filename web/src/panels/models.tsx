import type { ReactElement } from "react";
import { useEffect, useState } from "react";

import { models } from "../api/routes.ts";
import { writeJson } from "../document/json.ts";
import type { ModelFile } from "../api/types.ts";
import { Icon } from "../editor/icon.tsx";
import { formatBytes, formatMoment } from "../strings/format.ts";
import { isKey, t } from "../strings/index.ts";
import { useStudio } from "../studio/context.ts";
import { guarded } from "../studio/opening.ts";
import { Empty, SearchField } from "./parts.tsx";

/** The model files that this server has: what they are, and what is known of each. */
export function ModelsPanel(): ReactElement {
  const studio = useStudio();
  const [kinds, setKinds] = useState<readonly string[]>([]);
  const [kind, setKind] = useState("checkpoints");
  const [files, setFiles] = useState<readonly ModelFile[] | null>(null);
  const [search, setSearch] = useState("");
  const [open, setOpen] = useState<string | null>(null);

  useEffect(() => void guarded(studio, async () => setKinds((await models.kinds()).kinds)), [studio]);
  useEffect(() => {
    let current = true;
    setFiles(null);
    setOpen(null);
    void guarded(studio, async () => {
      const list = await models.list(kind);
      if (current) setFiles(list.models);
    });
    return () => void (current = false);
  }, [studio, kind]);

  const found = files?.filter(({ name }) => name.toLowerCase().includes(search.toLowerCase())) ?? [];
  return (
    <div className="panel">
      <div className="panel-bar">
        <label className="select">
          <span className="unseen">{t("models.kind")}</span>
          <select value={kind} onChange={(event) => setKind(event.target.value)}>
            {kinds.map((name) => (
              <option key={name} value={name}>
                {isKey(`models.kind.${name}`) ? t(`models.kind.${name}` as "models.kind.loras") : name}
              </option>
            ))}
          </select>
        </label>
        <SearchField label={t("models.search")} value={search} onChange={setSearch} />
      </div>
      {files !== null && found.length === 0 && (
        <Empty icon="models" text={t(files.length === 0 ? "models.empty" : "models.unmatched")} />
      )}
      <ul className="rows">
        {found.map((file) => (
          <li key={file.name} className="model">
            <button
              type="button"
              className="row"
              aria-expanded={open === file.name}
              onClick={() => setOpen(open === file.name ? null : file.name)}
            >
              <Thumbnail kind={kind} file={file} />
              <span className="row-main">
                <strong>{file.name}</strong>
                <small>
                  {formatBytes(file.size)} · {formatMoment(file.modified)}
                </small>
              </span>
            </button>
            {open === file.name && <Details kind={kind} name={file.name} />}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Thumbnail({ kind, file }: { readonly kind: string; readonly file: ModelFile }): ReactElement {
  if (file.preview === null) {
    return (
      <span className="model-picture">
        <Icon name="models" />
      </span>
    );
  }
  return (
    <img
      className="model-picture"
      src={models.previewAddress(kind, file.name)}
      alt=""
      loading="lazy"
      decoding="async"
    />
  );
}

type Known = Awaited<ReturnType<typeof models.get>>;

function Details({ kind, name }: { readonly kind: string; readonly name: string }): ReactElement | null {
  const studio = useStudio();
  const [known, setKnown] = useState<Known | null>(null);
  useEffect(() => {
    let current = true;
    void guarded(studio, async () => {
      const found = await models.get(kind, name);
      if (current) setKnown(found);
    });
    return () => void (current = false);
  }, [studio, kind, name]);
  if (known === null) return null;
  const { sentences, words, facts } = factsOf(known);
  return (
    <div className="model-facts">
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {words.length > 0 && (
        <div className="chips" aria-label={t("models.triggers")}>
          {words.map((word) => (
            <button
              key={word}
              type="button"
              className="chip"
              title={t("models.copy_word")}
              onClick={() => {
                void navigator.clipboard.writeText(word);
                studio.notices.tell("done", t("models.copied", { word }));
              }}
            >
              {word}
            </button>
          ))}
        </div>
      )}
      <dl>
        {facts.map(([fact, value]) => (
          <div key={fact}>
            <dt>{fact}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** What the server found in a file: its report in sentences, trigger words, and what a trainer wrote into its metadata. */
function factsOf(known: Known): {
  readonly sentences: readonly string[];
  readonly words: readonly string[];
  readonly facts: readonly (readonly [string, string])[];
} {
  const listed = (name: string): readonly string[] => (known[name] as readonly string[] | undefined) ?? [];
  const metadata = Object.entries((known["metadata"] as Readonly<Record<string, unknown>> | null) ?? {});
  const unreadable = known["unreadable"];
  return {
    sentences: [
      ...(typeof unreadable === "string" ? [unreadable] : []),
      ...listed("sentences").map((sentence) => sentence.replace(`${known.name}: `, "")),
    ],
    words: listed("trigger_words"),
    facts: metadata.map(([name, value]) => [name, typeof value === "string" ? value : writeJson(value)] as const),
  };
}
