import type { ReactElement } from "react";

import { Icon, type IconName } from "../editor/icon.tsx";
import { GalleryPanel } from "../panels/gallery.tsx";
import { InspectorPanel } from "../panels/inspector.tsx";
import { InterfacePanel } from "../panels/interface.tsx";
import { ModelsPanel } from "../panels/models.tsx";
import { IconButton } from "../panels/parts.tsx";
import { ProblemsPanel } from "../panels/problems.tsx";
import { QueuePanel } from "../panels/queue.tsx";
import { t } from "../strings/index.ts";
import { useQueue, useRun, useStudio, useTab } from "../studio/context.ts";
import type { Drawer } from "../studio/settings.ts";
import { troublesOf } from "../studio/troubles.ts";
import { useTopic } from "../studio/topic.ts";
import { FailureBoundary } from "./failure.tsx";

interface DrawerKind {
  readonly name: Drawer;
  readonly icon: IconName;
  readonly panel: () => ReactElement;
}

const DRAWERS: readonly DrawerKind[] = [
  { name: "gallery", icon: "gallery", panel: GalleryPanel },
  { name: "queue", icon: "queue", panel: QueuePanel },
  { name: "inspector", icon: "info", panel: InspectorPanel },
  { name: "problems", icon: "warning", panel: ProblemsPanel },
  { name: "models", icon: "models", panel: ModelsPanel },
  { name: "interface", icon: "port", panel: InterfacePanel },
];

/** The column of panels at the side, and the one that is open beside it. */
export function Side(): ReactElement {
  const studio = useStudio();
  const { drawer } = useTopic(studio.settings);
  const open = DRAWERS.find(({ name }) => name === drawer);
  return (
    <>
      {open !== undefined && (
        <aside className="drawer" aria-label={t(`drawer.${open.name}`)}>
          <header className="drawer-head">
            <h2>{t(`drawer.${open.name}`)}</h2>
            <IconButton
              icon="close"
              label={t("drawer.close")}
              onClick={() => studio.settings.change({ drawer: null })}
            />
          </header>
          <div className="drawer-body">
            <FailureBoundary key={open.name}>
              <open.panel />
            </FailureBoundary>
          </div>
        </aside>
      )}
      <nav className="rail" aria-label={t("rail.title")}>
        {DRAWERS.map(({ name, icon }) => (
          <button
            key={name}
            type="button"
            data-name={name}
            aria-label={t(`drawer.${name}`)}
            title={t(`drawer.${name}`)}
            aria-pressed={name === drawer}
            onClick={() => studio.settings.change({ drawer: name === drawer ? null : name })}
          >
            <Icon name={icon} />
            <span className="rail-name">{t(`drawer.${name}`)}</span>
            {name === "queue" && <QueueBadge />}
            {name === "problems" && <ProblemBadge />}
          </button>
        ))}
        <span className="rail-space" />
        <RailAction icon="templates" label={t("templates.title")} onClick={() => studio.window.set("templates")} />
        <RailAction icon="help" label={t("shortcuts.title")} onClick={() => studio.window.set("shortcuts")} />
        <RailAction icon="settings" label={t("settings.title")} onClick={() => studio.window.set("settings")} />
      </nav>
    </>
  );
}

function RailAction({
  icon,
  label,
  onClick,
}: {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
}): ReactElement {
  return (
    <button type="button" data-name={icon} aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
      <span className="rail-name">{label}</span>
    </button>
  );
}

function QueueBadge(): ReactElement | null {
  const { running, queued } = useQueue();
  const count = running.length + queued.length;
  return count === 0 ? null : <span className="badge" data-count={count} />;
}

function ProblemBadge(): ReactElement | null {
  const tab = useTab();
  const troubles = troublesOf(useTopic(tab.problems), useRun(useTopic(tab.run)));
  const errors = troubles.filter(({ severity }) => severity === "error").length;
  if (troubles.length === 0) return null;
  return <span className={errors > 0 ? "badge danger" : "badge warning"} data-count={errors || troubles.length} />;
}
