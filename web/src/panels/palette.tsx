import type { ReactElement } from "react";

import { match } from "../document/search.ts";
import { t } from "../strings/index.ts";
import { Dialog } from "./dialog.tsx";
import { Keys } from "./keys.tsx";
import { Picker } from "./picker.tsx";
import type { Listed } from "./shortcuts.tsx";

/** Everything that can be done, by its name. */
export function PaletteDialog<A extends Listed>({
  actions,
  onRun,
  onClose,
}: {
  readonly actions: readonly A[];
  readonly onRun: (action: A) => void;
  readonly onClose: () => void;
}): ReactElement {
  return (
    <Dialog title={t("palette.title")} className="palette-dialog" onClose={onClose}>
      <Picker<A>
        label={t("palette.title")}
        placeholder={t("palette.placeholder")}
        search={(query) => matching(actions, query)}
        keyOf={({ name }) => name}
        row={({ label, group, keys }) => (
          <>
            <span className="search-name">{label}</span>
            <small>{group}</small>
            {keys[0] !== undefined && <Keys combination={keys[0]} />}
          </>
        )}
        empty={t("palette.none")}
        onChoose={(action) => {
          onClose();
          onRun(action);
        }}
      />
    </Dialog>
  );
}

/** Actions that match every word, the best first. */
export function matching<A extends Listed>(actions: readonly A[], query: string): readonly A[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return actions
    .map((action) => ({
      action,
      scores: words.map((word) => Math.max(match(action.label, word), match(action.group, word) / 4)),
    }))
    .filter(({ scores }) => scores.every((score) => score > 0))
    .map(({ action, scores }) => ({ action, score: scores.reduce((sum, score) => sum + score, 0) }))
    .sort((left, right) => right.score - left.score)
    .map(({ action }) => action);
}
