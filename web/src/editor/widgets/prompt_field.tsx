import { useEffect, useMemo, useRef, useState } from "react";
import type { KeyboardEvent, ReactElement } from "react";

import { t } from "../../strings/index.ts";
import type { FieldProps } from "./field.ts";
import { invalid } from "./field.ts";
import { changeWeight, spansOf } from "./prompt_syntax.ts";

export interface TokenCount {
  readonly count: number;
  readonly chunks: number;
}

export interface PromptFieldProps extends FieldProps<string> {
  /** Asks how many tokens a text is; absent where the text is no prompt. */
  readonly countTokens?: ((text: string) => Promise<TokenCount>) | undefined;
  readonly rows?: number;
}

const COUNT_DELAY = 400;
const CHUNK = 75;

/** A text of several lines, coloured by what its marks mean. Ctrl+Up and Ctrl+Down change the weight of the selection. */
export function PromptField({ id, label, value, problem, onChange, countTokens }: PromptFieldProps): ReactElement {
  const before = useRef<string | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const mirror = useRef<HTMLDivElement>(null);
  const spans = useMemo(() => (countTokens === undefined ? null : spansOf(value)), [value, countTokens]);

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
    const changed = changeWeight({ text: value, start, end }, steps);
    if (changed.text === value) return;
    onChange(changed.text, before.current === null ? "end" : "during");
    requestAnimationFrame(() => area.current?.setSelectionRange(changed.start, changed.end));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const command = event.ctrlKey || event.metaKey;
    if (command && countTokens !== undefined && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
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
            {spans.map(({ text, kind }, at) =>
              kind === "plain" ? text : <span key={at} className={`prompt-${kind}`} children={text} />,
            )}
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
