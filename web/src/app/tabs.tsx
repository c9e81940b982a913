import type { ReactElement } from "react";
import { useState } from "react";

import { Icon } from "../editor/icon.tsx";
import { IconButton } from "../panels/parts.tsx";
import { t } from "../strings/index.ts";
import { useDocument, useStudio } from "../studio/context.ts";
import type { Tab } from "../studio/tab.ts";
import { useTopic } from "../studio/topic.ts";

/** The workflows that are open. */
export function Tabs(): ReactElement {
  const studio = useStudio();
  const tabs = useTopic(studio.tabs);
  const current = useTopic(studio.current);
  const turn = (step: number): void => {
    const next = tabs[(tabs.indexOf(current) + step + tabs.length) % tabs.length]!;
    studio.show(next);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <div className="tabs">
      <div
        role="tablist"
        aria-label={t("tabs.title")}
        onKeyDown={(event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (step !== undefined && !(event.target instanceof HTMLInputElement)) turn(step);
        }}
      >
        {tabs.map((tab) => (
          <TabHandle key={tab.id} tab={tab} selected={tab === current} />
        ))}
      </div>
      <IconButton icon="plus" label={t("tabs.new")} onClick={() => studio.addEmpty()} />
    </div>
  );
}

function TabHandle({ tab, selected }: { readonly tab: Tab; readonly selected: boolean }): ReactElement {
  const studio = useStudio();
  const { title } = useDocument(tab);
  const [renaming, setRenaming] = useState(false);
  const run = useTopic(tab.run);
  const shown = title || t("tab.untitled");
  const rename = (next: string): void => {
    setRenaming(false);
    if (next.trim() !== "" && next !== title)
      tab.store.edit(t("history.title"), (draft) => draft.setHead({ title: next.trim() }));
  };
  return (
    <div
      className="tab"
      data-selected={selected || undefined}
      data-running={run?.job.state === "running" || undefined}
      role="presentation"
    >
      {renaming ? (
        <input
          autoFocus
          aria-label={t("tabs.rename")}
          defaultValue={title}
          onFocus={(event) => event.target.select()}
          onBlur={(event) => rename(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") rename(event.currentTarget.value);
            if (event.key === "Escape") setRenaming(false);
          }}
        />
      ) : (
        <button
          type="button"
          role="tab"
          id={`tab-${tab.id}`}
          aria-selected={selected}
          aria-controls="stage"
          tabIndex={selected ? 0 : -1}
          onClick={() => studio.show(tab)}
          onDoubleClick={() => setRenaming(true)}
          onAuxClick={(event) => event.button === 1 && void studio.close(tab)}
          onKeyDown={(event) => {
            if (event.key === "F2") setRenaming(true);
            if (event.key === "Delete") void studio.close(tab);
          }}
        >
          <span className="tab-title">{shown}</span>
          {tab.store.dirty && <span className="dot" aria-label={t("tabs.unsaved")} role="img" />}
          {selected && (
            <span
              className="tab-close"
              aria-hidden="true" // by keyboard: Delete, or the command
              title={t("tabs.close", { title: shown })}
              onClick={(event) => {
                event.stopPropagation();
                void studio.close(tab);
              }}
            >
              <Icon name="close" />
            </span>
          )}
        </button>
      )}
    </div>
  );
}
