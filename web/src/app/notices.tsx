import type { ReactElement } from "react";

import { Icon } from "../editor/icon.tsx";
import { IconButton } from "../panels/parts.tsx";
import { t } from "../strings/index.ts";
import { useStudio } from "../studio/context.ts";
import { useTopic } from "../studio/topic.ts";

const ICONS = { done: "check", warning: "warning", error: "error" } as const;

/** Short messages at the lower edge. */
export function NoticeList(): ReactElement {
  const { notices } = useStudio();
  const shown = useTopic(notices);
  return (
    <div className="notices" role="log" aria-label={t("notices.title")}>
      {shown.map(({ id, kind, text, action }) => (
        <div key={id} className={`notice ${kind}`} role={kind === "error" ? "alert" : "status"}>
          <Icon name={ICONS[kind]} />
          <span>{text}</span>
          {action !== undefined && (
            <button
              type="button"
              onClick={() => {
                notices.close(id);
                action.run();
              }}
            >
              {action.label}
            </button>
          )}
          <IconButton icon="close" label={t("notices.close")} onClick={() => notices.close(id)} />
        </div>
      ))}
    </div>
  );
}
