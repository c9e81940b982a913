import type { NodeProps } from "@xyflow/react";
import { memo, useRef, useSyncExternalStore } from "react";
import type { PointerEvent, ReactElement } from "react";

import { snapped } from "../document/geometry.ts";
import { editNote, resize, setTitle } from "../document/operations.ts";
import type { Frame, Note } from "../document/types.ts";
import { t } from "../strings/index.ts";
import { useWorkspace } from "./context.ts";
import { TitleField } from "./title_field.tsx";

function useItem(id: string): Frame | Note | undefined {
  const { store } = useWorkspace();
  const graph = store.path;
  return useSyncExternalStore(
    (listener) => store.subscribeGraph(graph, listener),
    () => store.graph(graph).frames.get(id) ?? store.graph(graph).notes.get(id),
  );
}

/** A titled area behind the nodes; what lies in it moves with it. */
export const FrameView = memo(function FrameView({ id, selected }: NodeProps): ReactElement | null {
  const { store, renaming } = useWorkspace();
  const frame = useItem(id);
  const isRenaming = useSyncExternalStore(renaming.subscribe, () => renaming.get() === id);
  if (frame === undefined || !("title" in frame)) return null;
  const { title, color } = frame;
  return (
    <section
      className="frame"
      id={`node-${id}`}
      tabIndex={-1}
      aria-label={t("frame.label", { title })}
      data-item={id}
      data-selected={selected || undefined}
      style={color === undefined ? undefined : { "--tint": color }}
    >
      <header onDoubleClick={() => renaming.set(id)}>
        {isRenaming ? (
          <TitleField
            title={title}
            label={t("frame.title")}
            onEnd={(next) => {
              renaming.set(null);
              if (next !== title) store.edit(t("step.rename"), (draft) => setTitle(draft, id, next));
            }}
          />
        ) : (
          title
        )}
      </header>
      <Corner id={id} />
    </section>
  );
});

/** Text on the canvas, for people. */
export const NoteView = memo(function NoteView({ id, selected }: NodeProps): ReactElement | null {
  const { store } = useWorkspace();
  const note = useItem(id);
  if (note === undefined || !("text" in note)) return null;
  return (
    <section
      className="note"
      id={`node-${id}`}
      tabIndex={-1}
      aria-label={`${t("note.label")} ${note.text.slice(0, 60)}`.trim()}
      data-item={id}
      data-selected={selected || undefined}
      style={note.color === undefined ? undefined : { "--note-surface": note.color }}
    >
      <div className="note-grip" />
      <textarea
        className="nodrag nowheel"
        aria-label={t("note.text")}
        placeholder={t("note.text")}
        value={note.text}
        onChange={(event) =>
          store.edit(t("step.note"), (draft) => editNote(draft, id, event.target.value), { joins: `note ${id}` })
        }
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Escape") event.currentTarget.closest<HTMLElement>(".note")?.focus();
        }}
      />
      <Corner id={id} />
    </section>
  );
});

/** The lower right corner, by which an item is made larger or smaller. */
export function Corner({ id }: { readonly id: string }): ReactElement {
  const workspace = useWorkspace();
  const { store, view } = workspace;
  const start = useRef<{
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  } | null>(null);
  const onPointerMove = (event: PointerEvent): void => {
    if (start.current === null) return;
    const by = { x: (event.clientX - start.current.x) / view.zoom, y: (event.clientY - start.current.y) / view.zoom };
    const snap = workspace.services.preferences.get().snap;
    const length = (value: number, least: number): number => Math.max(least, snap ? snapped(value) : Math.round(value));
    const least = workspace.leastSize(id);
    const width = length(start.current.width + by.x, least.width);
    const height = length(start.current.height + by.y, least.height);
    store.edit(t("step.resize"), (draft) => resize(draft, id, { width, height }));
  };
  const end = (event: PointerEvent): void => {
    if (start.current === null) return;
    start.current = null;
    if (event.type === "pointercancel") store.rollback();
    else store.commit();
  };
  return (
    <div
      className="corner nodrag"
      aria-hidden="true"
      onPointerDown={(event) => {
        const rect = workspace.rectOf(id);
        if (rect === undefined || event.button !== 0) return;
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, y: event.clientY, width: rect.width, height: rect.height };
        store.begin(t("step.resize"));
      }}
      onPointerMove={onPointerMove}
      onPointerUp={end}
      onPointerCancel={end}
    />
  );
}
