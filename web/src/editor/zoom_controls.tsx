import { useSyncExternalStore } from "react";
import type { ReactElement } from "react";

import { t } from "../strings/index.ts";
import { useWorkspace } from "./context.ts";
import { Icon } from "./icon.tsx";

/** Zoom in, out and to everything; the map. */
export function ZoomControls(): ReactElement {
  const workspace = useWorkspace();
  const { view, services } = workspace;
  const percent = useSyncExternalStore(view.subscribe, () => Math.round(view.zoom * 100));
  const { minimap } = useSyncExternalStore(services.preferences.subscribe, () => services.preferences.get());
  const fit = (): void => {
    const rect = workspace.boundsOf();
    if (rect !== null) view.fit(rect);
  };
  return (
    <div className="zoom-controls" role="toolbar" aria-label={t("view.label")}>
      <button
        type="button"
        aria-label={t("action.zoom_out")}
        title={t("action.zoom_out")}
        onClick={() => view.zoomBy(0.8)}
      >
        <Icon name="minus" />
      </button>
      <button
        type="button"
        className="percent"
        title={t("action.zoom_full")}
        aria-label={t("view.percent", { percent })}
        onClick={() => view.center(view.middle, 1)}
      >
        {percent} %
      </button>
      <button
        type="button"
        aria-label={t("action.zoom_in")}
        title={t("action.zoom_in")}
        onClick={() => view.zoomBy(1.25)}
      >
        <Icon name="plus" />
      </button>
      <button type="button" aria-label={t("action.fit_all")} title={t("action.fit_all")} onClick={fit}>
        <Icon name="fit" />
      </button>
      <button
        type="button"
        aria-label={t("action.minimap")}
        title={t("action.minimap")}
        aria-pressed={minimap}
        onClick={() => services.preferences.set({ ...services.preferences.get(), minimap: !minimap })}
      >
        <Icon name="map" />
      </button>
    </div>
  );
}
