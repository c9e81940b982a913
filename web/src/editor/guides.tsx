import { useSyncExternalStore } from "react";
import type { ReactElement } from "react";

import { useWorkspace } from "./context.ts";
import type { Dragging } from "./dragging.ts";

/** Lines that show what the moved items are in line with. */
export function Guides({ dragging }: { readonly dragging: Dragging }): ReactElement | null {
  const { view } = useWorkspace();
  const guides = useSyncExternalStore(dragging.guides.subscribe, () => dragging.guides.get());
  if (guides.length === 0) return null;
  const { x, y, zoom } = view.current;
  return (
    <svg className="guides" aria-hidden="true">
      {guides.map(({ axis, at, from, to }) => {
        const [place, start, end] =
          axis === "x"
            ? [at * zoom + x, from * zoom + y, to * zoom + y]
            : [at * zoom + y, from * zoom + x, to * zoom + x];
        return axis === "x" ? (
          <line key={axis} x1={place} x2={place} y1={start} y2={end} />
        ) : (
          <line key={axis} x1={start} x2={end} y1={place} y2={place} />
        );
      })}
    </svg>
  );
}
