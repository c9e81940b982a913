import type { ReactElement } from "react";

import { isEnded } from "../api/run.ts";
import { queue as queueRoutes } from "../api/routes.ts";
import type { Action } from "../editor/actions.ts";
import { Icon } from "../editor/icon.tsx";
import type { Entry } from "../editor/menu.tsx";
import { MenuButton } from "../panels/menu.tsx";
import { IconButton, Segments } from "../panels/parts.tsx";
import { t } from "../strings/index.ts";
import { useQueue, useStudio, useTab } from "../studio/context.ts";
import { guarded } from "../studio/opening.ts";
import { useTopic } from "../studio/topic.ts";
import type { View } from "../studio/tab.ts";
import { Logo } from "./logo.tsx";
import { Tabs } from "./tabs.tsx";

const MOST_AT_ONCE = 100;

/** The bar at the top: what is open, how it is shown, and the button that runs it. */
export function Header({ actions }: { readonly actions: ReadonlyMap<string, Action> }): ReactElement {
  const tab = useTab();
  const view = useTopic(tab.view);
  return (
    <header className="header">
      <MenuButton label={t("menu.title")} className="brand" groups={menuGroups(actions)}>
        <Logo />
        <Icon name="chevron" />
      </MenuButton>
      <Tabs />
      <Segments<View>
        label={t("view.title")}
        value={view}
        options={[
          ["graph", t("view.graph")],
          ["form", t("view.form")],
        ]}
        onChange={(next) => tab.view.set(next)}
      />
      <RunControls actions={actions} />
    </header>
  );
}

const MENU: readonly (readonly string[])[] = [
  ["file.new", "file.open", "file.templates"],
  ["file.save", "file.save_as", "file.versions"],
  ["file.export", "file.export_api", "file.export_svg", "file.export_png"],
  ["app.palette", "app.shortcuts", "app.settings"],
];

function menuGroups(actions: ReadonlyMap<string, Action>): readonly (readonly Entry[])[] {
  return MENU.map((names) =>
    names.flatMap((name): Entry[] => {
      const action = actions.get(name);
      return action?.enabled() ? [{ label: action.label, keys: action.keys[0], run: action.run }] : [];
    }),
  );
}

function RunControls({ actions }: { readonly actions: ReadonlyMap<string, Action> }): ReactElement {
  const studio = useStudio();
  const tab = useTab();
  const queue = useQueue();
  const { batch } = useTopic(studio.settings);
  const active = tab.jobs.some((id) => !isEnded(studio.runs.run(id)?.job.state ?? "succeeded"));
  const waiting = queue.queued.length + queue.running.length;
  return (
    <div className="run-controls">
      {queue.paused && (
        <button type="button" className="paused" onClick={() => void guarded(studio, queueRoutes.resume)}>
          <Icon name="pause" />
          {t("queue.is_paused_short")}
        </button>
      )}
      {active && (
        <IconButton
          icon="stop"
          className="stop"
          label={t("run.cancel")}
          onClick={() => void guarded(studio, () => studio.runner.cancel(tab))}
        />
      )}
      <div className="run-button">
        <button
          type="button"
          className="primary"
          title={`${t("run.run")} (Ctrl+Enter)`}
          onClick={() => actions.get("run.run")!.run()}
        >
          <Icon name="play" />
          <span>{t("run.run")}</span>
          {waiting > 0 && (
            <span className="count" aria-label={t("run.waiting", { count: waiting })}>
              {waiting}
            </span>
          )}
        </button>
        <label className="batch" title={t("run.batch")}>
          <span aria-hidden="true">×</span>
          <span className="unseen">{t("run.batch")}</span>
          <input
            type="number"
            min={1}
            max={MOST_AT_ONCE}
            value={batch}
            onChange={(event) => {
              const count = Math.round(event.target.valueAsNumber);
              if (count >= 1) studio.settings.change({ batch: Math.min(MOST_AT_ONCE, count) });
            }}
          />
        </label>
      </div>
    </div>
  );
}
