import type { ReactElement } from "react";
import { useState } from "react";

import { Dialog } from "./dialog.tsx";
import { t } from "../strings/index.ts";
import { Keys } from "./keys.tsx";
import { SearchField } from "./parts.tsx";

/** One thing that can be done, as the sheet and the palette show it. */
export interface Listed {
  readonly name: string;
  readonly label: string;
  readonly group: string;
  readonly keys: readonly string[];
}

/** Every shortcut, to look up. */
export function ShortcutsDialog({
  actions,
  onClose,
}: {
  readonly actions: readonly Listed[];
  readonly onClose: () => void;
}): ReactElement {
  const [search, setSearch] = useState("");
  const wanted = search.toLowerCase();
  const found = actions.filter(({ keys, label }) => keys.length > 0 && label.toLowerCase().includes(wanted));
  const groups = [...new Set(found.map(({ group }) => group))];
  return (
    <Dialog title={t("shortcuts.title")} className="shortcuts-dialog" onClose={onClose}>
      <SearchField label={t("shortcuts.search")} value={search} onChange={setSearch} />
      <div className="shortcut-groups">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {found
                .filter((action) => action.group === group)
                .map(({ name, label, keys }) => (
                  <div key={name}>
                    <dt>{label}</dt>
                    <dd>
                      {keys.map((key) => (
                        <Keys key={key} combination={key} />
                      ))}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
