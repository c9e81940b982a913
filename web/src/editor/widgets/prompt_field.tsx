import { useEffect, useMemo, useRef, useState } from "react";
import type { KeyboardEvent, ReactElement } from "react";

import type { PromptRules, Span } from "../../document/prompt_text.ts";
import { promptSpans } from "../../document/prompt_text.ts";
import { changeWeight } from "../../document/prompt_weight.ts";
import { t } from "../../strings/index.ts";
import type { FieldProps } from "./field.ts";
import { invalid } from "./field.ts";

export interface TokenCount {
  readonly count: number;
  readonly chunks: number;
}

export interface PromptFieldProps extends FieldProps<string> {
  /** Asks how many tokens a text is; absent where the text is no prompt. */
  readonly countTokens?: ((text: string) => Promise<TokenCount>) | undefined;
  /** By which rules the text is read; absent where it is no prompt. */
  readonly rules?: PromptRules | undefined;
}

/** How much heavier or lighter a step makes the selection. */
const WEIGHT_STEP = 0.05;
const COUNT_DELAY = 400;
const CHUNK = 75;

/** A text of several lines, coloured by what its marks mean. Ctrl+Up and Ctrl+Down change the weight of the selection. */
export function PromptField({
  id,
  label,
  value,
  problem,
  onChange,
  countTokens,
  rules,
}: PromptFieldProps): ReactElement {
  const before = useRef<string | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const mirror = useRef<HTMLDivElement>(null);
  const spans = useMemo(() => (rules === undefined ? null : promptSpans(value, rules)), [value, rules]);

  const finish = (): void => {
    if (before.current !== null && before.current !== value) onChange(value, "end");
    before.current = null;
  };
  const type = (text: string): void => {
    before.current ??= value;
    onChange(text, "during");
  };
  const weigh = (steps: number): void => {
    const { selectionStart: start, selectionEnd: end } = area.current!;
    const changed = changeWeight({ text: value, start, end }, steps * WEIGHT_STEP, rules ?? "default");
    if (changed.text === value) return;
    onChange(changed.text, before.current === null ? "end" : "during");
    requestAnimationFrame(() => area.current?.setSelectionRange(changed.start, changed.end));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const command = event.ctrlKey || event.metaKey;
    if (command && rules !== undefined && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      weigh(event.key === "ArrowUp" ? 1 : -1);
    } else if (event.key === "Escape") {
      area.current!.blur();
    } else if (command && (event.key === "Enter" || event.key.toLowerCase() === "s")) {
      finish();
      return; // the page's own: run, save
    }
    event.stopPropagation();
  };
  return (
    <div className="field prompt nodrag" data-invalid={problem !== undefined || undefined}>
      <label htmlFor={id}>{label}</label>
      <div className="paper nowheel">
        {spans !== null && (
          <div className="mirror" ref={mirror} aria-hidden="true">
            {spans.map((span) => {
              const look = lookOf(span);
              const text = value.slice(span.start, span.end);
              return look === null ? text : <span key={span.start} className={`prompt-${look}`} children={text} />;
            })}
            {"\n"}
          </div>
        )}
        <textarea
          ref={area}
          id={id}
          value={value}
          spellCheck={false}
          placeholder={label}
          data-mirrored={spans !== null || undefined}
          {...invalid(problem)}
          onFocus={() => (before.current = null)}
          onBlur={finish}
          onChange={(event) => type(event.target.value)}
          onScroll={(event) => mirror.current?.scrollTo(0, event.currentTarget.scrollTop)}
          onKeyDown={onKeyDown}
        />
      </div>
      {countTokens !== undefined && <Counter text={value} countTokens={countTokens} />}
    </div>
  );
}

/** How a span is told from plain words. */
function lookOf({ kind, weight }: Span): string | null {
  if (kind !== "words") return kind === "escape" ? null : kind;
  return weight > 1 ? "up" : weight < 1 ? "down" : null;
}

function Counter(props: {
  readonly text: string;
  readonly countTokens: (text: string) => Promise<TokenCount>;
}): ReactElement {
  const { text, countTokens } = props;
  const [counted, setCounted] = useState<TokenCount | null>(null);
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      const show = (count: TokenCount | null): void => void (current && setCounted(count));
      countTokens(text).then(show, () => show(null)); // no number is better than a wrong one
    }, COUNT_DELAY);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text, countTokens]);
  if (counted === null) return <output className="tokens" />;
  const room = Math.max(1, counted.chunks) * CHUNK;
  return (
    <output className="tokens" title={t("prompt.tokens.tip", { count: counted.count, chunks: counted.chunks })}>
      {t("prompt.tokens", { tokens: counted.count, room })}
    </output>
  );
}
