import type { ReactElement } from "react";
import { useState } from "react";

import type { Action } from "../editor/actions.ts";
import { Dialog } from "../panels/dialog.tsx";
import { PaletteDialog } from "../panels/palette.tsx";
import { SettingsDialog } from "../panels/settings.tsx";
import { ShortcutsDialog } from "../panels/shortcuts.tsx";
import { TemplatesDialog } from "../panels/templates.tsx";
import { VersionsDialog } from "../panels/versions.tsx";
import { t } from "../strings/index.ts";
import { useStudio, useTab } from "../studio/context.ts";
import { saveAs } from "../studio/saving.ts";
import { useTopic } from "../studio/topic.ts";

/** The window that is open above the page, if one is. */
export function Windows({ actions }: { readonly actions: ReadonlyMap<string, Action> }): ReactElement | null {
  const studio = useStudio();
  const open = useTopic(studio.window);
  const close = (): void => studio.window.set(null);
  switch (open) {
    case "palette":
      return (
        <PaletteDialog
          actions={[...actions.values()].filter((action) => action.enabled())}
          onRun={(action) => action.run()}
          onClose={close}
        />
      );
    case "shortcuts":
      return <ShortcutsDialog actions={[...actions.values()]} onClose={close} />;
    case "settings":
      return <SettingsDialog onClose={close} />;
    case "templates":
      return <TemplatesDialog onClose={close} />;
    case "versions":
      return <VersionsDialog onClose={close} />;
    case "save":
      return <SaveDialog onClose={close} />;
    case null:
      return null;
  }
}

function SaveDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const studio = useStudio();
  const tab = useTab();
  const [name, setName] = useState(tab.saved.get()?.name ?? tab.title);
  const save = (): void => {
    if (name.trim() === "") return;
    onClose();
    void saveAs(studio, tab, name.trim());
  };
  return (
    <Dialog
      title={t("save.title")}
      className="save-dialog"
      onClose={onClose}
      footer={
        <button type="button" className="primary" disabled={name.trim() === ""} onClick={save}>
          {t("save.save")}
        </button>
      }
    >
      <label className="stacked">
        {t("save.name")}
        <input
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && save()}
        />
      </label>
    </Dialog>
  );
}
