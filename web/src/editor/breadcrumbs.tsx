import { useSyncExternalStore } from "react";
import type { ReactElement } from "react";

import { definitionOf } from "../document/subgraph_type.ts";
import { t } from "../strings/index.ts";
import { useWorkspace } from "./context.ts";
import { Icon } from "./icon.tsx";
import { PortPanel } from "./ports.tsx";

/** Inside a subgraph: the way to it, back along which a press leads, and what it takes and gives. */
export function Breadcrumbs(): ReactElement | null {
  const { store } = useWorkspace();
  useSyncExternalStore(
    (listener) => store.subscribe(listener),
    () => store.revision,
  );
  const { trail } = store;
  if (trail.length === 0) return null;
  const titles = [store.document.title || t("breadcrumbs.top")];
  let graph = store.graph("");
  for (const id of trail) {
    const definition = definitionOf(graph.nodes.get(id)!.type)!;
    titles.push(store.document.definitions.get(definition)!.title);
    graph = store.graph(definition);
  }
  return (
    <div className="inside">
      <nav className="breadcrumbs" aria-label={t("breadcrumbs.label")}>
        <ol>
          {titles.map((title, depth) => (
            <li key={depth}>
              {depth > 0 && <Icon name="right" />}
              {depth === trail.length ? (
                <span aria-current="page">{title}</span>
              ) : (
                <button type="button" onClick={() => store.goTo(trail.slice(0, depth))}>
                  {title}
                </button>
              )}
            </li>
          ))}
        </ol>
      </nav>
      <PortPanel />
    </div>
  );
}
