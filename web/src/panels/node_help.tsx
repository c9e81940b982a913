import type { ReactElement } from "react";
import { useEffect, useState } from "react";

import { ApiError } from "../api/client.ts";
import { writeJson } from "../document/json.ts";
import { definitionOf } from "../document/subgraph_type.ts";
import type { Literal, NodeSpec } from "../document/types.ts";
import { t } from "../strings/index.ts";
import { useStudio } from "../studio/context.ts";
import type { Example } from "../studio/examples.ts";
import { openTemplate } from "../studio/opening.ts";
import { SpecSummary } from "./search.tsx";

const MOST = 3;
const LONGEST = 48;

/** All there is to know of a node type: what it is for, examples that use it, its inputs and outputs. */
export function NodeHelp(props: {
  readonly spec: NodeSpec;
  /** Before something is opened from it. */
  readonly onOpen?: () => void;
  /** When the examples are there. */
  readonly onFound?: () => void;
}): ReactElement {
  const { spec, onOpen, onFound } = props;
  return (
    <SpecSummary spec={spec}>
      {definitionOf(spec.name) === undefined && (
        <NodeExamples key={spec.name} type={spec.name} {...{ onOpen, onFound }} />
      )}
    </SpecSummary>
  );
}

type Found = { readonly examples: readonly Example[] } | { readonly failure: string };

function NodeExamples(props: {
  readonly type: string;
  readonly onOpen: (() => void) | undefined;
  readonly onFound: (() => void) | undefined;
}): ReactElement {
  const { type, onOpen, onFound } = props;
  const studio = useStudio();
  const [found, setFound] = useState<Found | null>(null);
  useEffect(() => {
    let gone = false;
    studio.examples.of(type).then(
      (examples) => gone || setFound({ examples }),
      (error: unknown) => {
        if (!gone) setFound({ failure: error instanceof ApiError ? error.message : String(error) });
      },
    );
    return () => {
      gone = true;
    };
  }, [studio, type]);
  useEffect(() => {
    if (found !== null) onFound?.();
  }, [found, onFound]);
  if (found === null) return <p className="muted">{t("help.loading")}</p>;
  if ("failure" in found) return <p className="muted">{t("help.failed", { reason: found.failure })}</p>;
  const { examples } = found;
  if (examples.length === 0) return <p className="muted">{t("help.no_example")}</p>;
  const shown = examples.slice(0, MOST);
  const lines = shown.map(({ values }) => lineOf(values)); // the same values are not said twice
  const leave = (open: () => void) => (): void => {
    onOpen?.();
    open();
  };
  return (
    <section className="node-examples">
      <p className="spec-part">{t("help.examples")}</p>
      <ul>
        {shown.map(({ name, title }, at) => (
          <li key={name}>
            <button
              type="button"
              className="link"
              aria-label={t("help.open", { title })}
              onClick={leave(() => void openTemplate(studio, name))}
            >
              {title}
            </button>
            {lines[at] !== "" && lines.indexOf(lines[at]!) === at && <small>{lines[at]}</small>}
          </li>
        ))}
      </ul>
      {examples.length > MOST && (
        <button type="button" className="link" onClick={leave(() => studio.window.set("templates"))}>
          {t("help.all")}
        </button>
      )}
    </section>
  );
}

/** Widget values as one line: `steps 20 · cfg 4`. */
export function lineOf(values: Example["values"]): string {
  return values.map(([input, value]) => `${input.replaceAll("_", " ")} ${shortened(value)}`).join(" · ");
}

function shortened(value: Literal): string {
  const text = typeof value === "string" ? value.replace(/\s+/g, " ") : writeJson(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1).trimEnd()}…` : text;
}
