import type { ReactElement } from "react";
import { useEffect, useState } from "react";

import { Icon } from "../editor/icon.tsx";
import { t } from "../strings/index.ts";
import { useStudio } from "../studio/context.ts";
import { openFiles } from "../studio/opening.ts";

/** Opens what is dropped on the page. Widgets and the canvas take what is theirs before it comes here. */
export function DropTarget(): ReactElement | null {
  const studio = useStudio();
  const [over, setOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    const listeners: Readonly<Record<string, (event: DragEvent) => void>> = {
      dragenter: (event) => {
        if (!holdsFiles(event)) return;
        depth += 1;
        setOver(true);
      },
      dragleave: (event) => {
        if (!holdsFiles(event)) return;
        depth = Math.max(0, depth - 1);
        if (depth === 0) setOver(false);
      },
      dragover: (event) => {
        if (holdsFiles(event)) event.preventDefault();
      },
      drop: (event) => {
        depth = 0;
        setOver(false);
        if (event.defaultPrevented || !holdsFiles(event)) return;
        event.preventDefault();
        void openFiles(studio, event.dataTransfer!.files);
      },
    };
    const all = Object.entries(listeners) as [keyof DocumentEventMap, (event: Event) => void][];
    for (const [name, listener] of all) document.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of all) document.removeEventListener(name, listener);
    };
  }, [studio]);
  if (!over) return null;
  return (
    <div className="drop-target" aria-hidden="true">
      <Icon name="open" />
      <p>{t("drop.open")}</p>
    </div>
  );
}
