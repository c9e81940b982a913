import type { ReactElement } from "react";

import { free } from "../api/routes.ts";
import { LANGUAGES, t } from "../strings/index.ts";
import { useStudio } from "../studio/context.ts";
import { useTopic } from "../studio/topic.ts";
import { guarded } from "../studio/opening.ts";
import type { Settings } from "../studio/settings.ts";
import { Dialog } from "./dialog.tsx";
import { Segments } from "./parts.tsx";

/** How the editor looks and behaves in this browser. */
export function SettingsDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const studio = useStudio();
  const settings = useTopic(studio.settings);
  const change = (members: Partial<Settings>): void => studio.settings.change(members);
  const release = async (): Promise<void> => {
    await free();
    studio.notices.tell("done", t("settings.freed"));
  };
  return (
    <Dialog title={t("settings.title")} className="settings-dialog" onClose={onClose}>
      <Row label={t("settings.theme")}>
        <Segments
          label={t("settings.theme")}
          value={settings.theme}
          options={[
            ["system", t("settings.system")],
            ["dark", t("settings.dark")],
            ["light", t("settings.light")],
          ]}
          onChange={(theme) => change({ theme })}
        />
      </Row>
      <Row label={t("settings.contrast")}>
        <Segments
          label={t("settings.contrast")}
          value={settings.contrast}
          options={[
            ["system", t("settings.system")],
            ["more", t("settings.more_contrast")],
          ]}
          onChange={(contrast) => change({ contrast })}
        />
      </Row>
      <Row label={t("settings.motion")}>
        <Segments
          label={t("settings.motion")}
          value={settings.motion}
          options={[
            ["system", t("settings.system")],
            ["less", t("settings.less_motion")],
          ]}
          onChange={(motion) => change({ motion })}
        />
      </Row>
      <Row label={t("settings.language")}>
        <Segments
          label={t("settings.language")}
          value={settings.language}
          options={[["system", t("settings.system")], ...Object.entries(LANGUAGES)] as [Settings["language"], string][]}
          onChange={(language) => change({ language })}
        />
      </Row>
      <Row label={t("settings.wheel")}>
        <Segments
          label={t("settings.wheel")}
          value={settings.wheel}
          options={[
            ["zoom", t("settings.wheel_zooms")],
            ["pan", t("settings.wheel_pans")],
          ]}
          onChange={(wheel) => change({ wheel })}
        />
      </Row>
      <Switch label={t("settings.snap")} value={settings.snap} onChange={(snap) => change({ snap })} />
      <Switch label={t("settings.minimap")} value={settings.minimap} onChange={(minimap) => change({ minimap })} />
      <Switch label={t("settings.previews")} value={settings.previews} onChange={(previews) => change({ previews })} />
      <Row label={t("settings.memory")}>
        <button type="button" onClick={() => void guarded(studio, release)}>
          {t("settings.free")}
        </button>
      </Row>
      <Row label={t("settings.programs")}>
        <a href="/api/docs" target="_blank" rel="noreferrer">
          {t("settings.api")}
        </a>
      </Row>
    </Dialog>
  );
}

function Row({ label, children }: { readonly label: string; readonly children: ReactElement }): ReactElement {
  return (
    <div className="setting">
      <span>{label}</span>
      {children}
    </div>
  );
}

function Switch({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
}): ReactElement {
  return (
    <label className="setting">
      <span>{label}</span>
      <input
        className="switch"
        type="checkbox"
        role="switch"
        checked={value}
        onChange={(event) => onChange(event.target.checked)}
      />
    </label>
  );
}
