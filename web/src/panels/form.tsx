import type { ReactElement } from "react";
import { useEffect, useMemo, useState } from "react";

import { progressOf } from "../api/progress.ts";
import type { JobRun } from "../api/run.ts";
import { setControl, setInput } from "../document/operations.ts";
import type { Literal } from "../document/types.ts";
import { WorkspaceContext } from "../editor/context.ts";
import { Icon } from "../editor/icon.tsx";
import { InputField } from "../editor/input_field.tsx";
import type { Phase } from "../editor/widgets/field.ts";
import { formatSeconds } from "../strings/format.ts";
import { t } from "../strings/index.ts";
import { useDocument, useRun, useStudio, useTab } from "../studio/context.ts";
import type { Tab } from "../studio/tab.ts";
import { useTopic } from "../studio/topic.ts";
import { troublesOf } from "../studio/troubles.ts";
import { formFields, type FormField } from "./form_fields.ts";
import { Empty } from "./parts.tsx";
import { PictureDialog } from "./picture_dialog.tsx";
import { pictureAddress, picturesOf, type Picture } from "./pictures.ts";

/** The workflow for people who only want to use it: its values on one side, what it makes on the other. */
export function FormView(): ReactElement {
  const studio = useStudio();
  const tab = useTab();
  const document = useDocument(tab);
  const fields = formFields(document, tab.workspace.specs);
  const run = useRun(useTopic(tab.run));
  const problems = troublesOf(useTopic(tab.problems), run);
  const about = [...document.graph.notes.values()][0]?.text;
  return (
    <WorkspaceContext value={tab.workspace}>
      <div className="form-view">
        <section className="form-fields" aria-label={t("form.values")}>
          <h2>{document.title || t("tab.untitled")}</h2>
          {about !== undefined && <p className="muted">{about}</p>}
          {fields.length === 0 && <Empty icon="form" text={t("form.none")} />}
          {fields.map((field) => {
            const [node, input] = field.ends[0]!;
            const problem = problems.find((found) => found.node === node && found.input === input);
            return <Field key={`${node}/${input}`} tab={tab} field={field} problem={problem?.message} />;
          })}
          <button type="button" className="primary form-run" onClick={() => void studio.run()}>
            <Icon name="play" />
            {t("run.run")}
          </button>
          {problems
            .filter(({ severity }) => severity === "error")
            .map(({ message }) => (
              <p key={message} className="banner danger" role="alert">
                {message}
              </p>
            ))}
        </section>
        <section className="form-result" aria-label={t("form.result")}>
          <Result run={run} />
        </section>
      </div>
    </WorkspaceContext>
  );
}

function Field({
  tab,
  field,
  problem,
}: {
  readonly tab: Tab;
  readonly field: FormField;
  readonly problem: string | undefined;
}): ReactElement {
  const { name, about, ends, spec, value, control } = field;
  const [node, input] = ends[0]!;
  const places = JSON.stringify(ends);
  const change = useMemo(() => writer(tab, name, JSON.parse(places) as FormField["ends"]), [tab, name, places]);
  return (
    <div className="form-field">
      <InputField
        node={node}
        input={{ ...spec, name: input }}
        label={name.replaceAll("_", " ")}
        value={value}
        control={control}
        prompt={spec.widget?.kind === "Text" && spec.widget.multiline}
        fault={problem === undefined ? undefined : `form-${node}-${input}-fault`}
        onChange={change}
        onControl={(next) => {
          tab.store.goTo([]);
          tab.store.edit(t("step.control"), (draft) => ends.forEach(([id, each]) => setControl(draft, id, each, next)));
        }}
      />
      {about !== "" && <small className="muted">{about}</small>}
      {problem !== undefined && (
        <p id={`form-${node}-${input}-fault`} className="fault">
          {problem}
        </p>
      )}
    </div>
  );
}

/** Writes a value to all ends of a named input; what comes between the first `during` and the `end` is one step. */
function writer(tab: Tab, name: string, ends: FormField["ends"]): (value: Literal, phase: Phase) => void {
  let open = false;
  const step = t("step.set", { input: name.replaceAll("_", " ") });
  return (value, phase) => {
    if (phase === "cancel") {
      if (open) tab.store.rollback();
      open = false;
      return;
    }
    if (phase === "during" && !open) {
      tab.store.begin(step);
      open = true;
    }
    tab.store.goTo([]);
    tab.store.edit(step, (draft) => ends.forEach(([id, input]) => setInput(draft, id, input, value)));
    if (phase === "end") {
      tab.store.commit();
      open = false;
    }
  };
}

function Result({ run }: { readonly run: JobRun | null }): ReactElement {
  const [open, setOpen] = useState<Picture | null>(null);
  const [shown, setShown] = useState(0);
  const id = run?.job.id;
  useEffect(() => setShown(0), [id]);
  if (run === null) return <Empty icon="picture" text={t("form.no_result")} />;
  const pictures = picturesOf([run.job]);
  const preview = [...run.entries().values()].find((node) => node.preview !== null)?.preview ?? null;
  const { fraction, remaining } = progressOf(run, Date.now() / 1000);
  const current = pictures[Math.min(shown, pictures.length - 1)];
  return (
    <>
      {run.job.state === "running" && (
        <div className="form-progress" role="status">
          <progress max={1} value={fraction} aria-label={t("status.progress")} />
          <span>{remaining === null ? t("job.running") : t("job.remaining", { time: formatSeconds(remaining) })}</span>
        </div>
      )}
      {run.job.state === "queued" && <p className="muted">{run.job.waiting?.reason ?? t("job.queued")}</p>}
      {current !== undefined ? (
        <button
          type="button"
          className="result-picture"
          aria-label={t("form.enlarge")}
          onClick={() => setOpen(current)}
        >
          <img
            src={pictureAddress(current.artifact)}
            alt={t("picture.of", { title: run.job.title || t("job.untitled") })}
          />
        </button>
      ) : preview !== null ? (
        <img className="result-picture" src={preview} alt={t("form.preview")} />
      ) : (
        run.job.state !== "running" && <Empty icon="picture" text={t("form.no_result")} />
      )}
      {pictures.length > 1 && (
        <ul className="thumbnails">
          {pictures.map(({ artifact }, index) => (
            <li key={artifact.sha256} data-chosen={index === shown || undefined}>
              <button
                type="button"
                className="thumbnail"
                aria-label={t("gallery.picture", { title: run.job.title, number: index + 1 })}
                onClick={() => setShown(index)}
              >
                <img src={pictureAddress(artifact, 256)} alt="" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {open !== null && <PictureDialog pictures={pictures} at={open} onShow={setOpen} onClose={() => setOpen(null)} />}
    </>
  );
}
