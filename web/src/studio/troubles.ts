/** All that is wrong with a tab: what the server says of its document, and what went wrong in the run that is shown. */

import type { JobRun } from "../api/run.ts";
import type { Problem } from "../api/types.ts";

/** Errors before warnings; what a run met comes after what the document says, each once. */
export function troublesOf(problems: readonly Problem[], run: JobRun | null): readonly Problem[] {
  const met = run === null ? [] : troublesOfRun(run);
  const seen = new Set<string>();
  const all = [...problems, ...met].filter((problem) => {
    const key = `${problem.node}\n${problem.input}\n${problem.message}`;
    return !seen.has(key) && seen.add(key);
  });
  const rank = (severity: Problem["severity"]): number => (severity === "error" ? 0 : 1);
  return all.toSorted((left, right) => rank(left.severity) - rank(right.severity));
}

function troublesOfRun(run: JobRun): readonly Problem[] {
  const met = [...run.entries()].flatMap(([node, { state, message, input, warnings }]): Problem[] => [
    ...(state === "failed"
      ? [{ code: "failed", message: message ?? "", node, input, severity: "error" as const }]
      : []),
    ...warnings.map((warning): Problem => ({
      code: "warned",
      message: warning,
      node,
      input: null,
      severity: "warning",
    })),
  ]);
  const { error, warnings } = run.job;
  const whole = error !== null && !met.some(({ severity }) => severity === "error");
  return [
    ...met,
    ...(whole
      ? [{ code: "failed", message: error.message, node: error.node ?? null, input: null, severity: "error" as const }]
      : []),
    ...warnings,
  ];
}
