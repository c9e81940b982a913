import { useEffect, useRef, useState } from "react";
import type { ReactElement } from "react";

import { contains } from "../document/geometry.ts";
import type { Rect } from "../document/types.ts";
import { useWorkspace } from "./context.ts";
import type { Scene } from "./scene.ts";

/** Drag with Shift or Ctrl over the canvas: everything that the box touches is selected, with Ctrl in addition. */
export function BoxSelection({
  root,
  scene,
}: {
  readonly root: { readonly current: HTMLElement | null };
  readonly scene: Scene;
}): ReactElement | null {
  const workspace = useWorkspace();
  const [box, setBox] = useState<Rect | null>(null);
  const start = useRef<{ readonly x: number; readonly y: number; readonly before: ReadonlySet<string> } | null>(null);
  useEffect(() => {
    const { selection, view } = workspace;
    const element = root.current!;
    const down = (event: PointerEvent): void => {
      const wanted = event.button === 0 && (event.shiftKey || event.ctrlKey || event.metaKey);
      if (!wanted || !(event.target as Element).classList.contains("react-flow__pane")) return;
      event.stopPropagation();
      element.setPointerCapture(event.pointerId);
      start.current = { x: event.clientX, y: event.clientY, before: event.shiftKey ? new Set() : selection.items };
    };
    // d3-zoom listens to mouse events: it must not pan under the box
    const hush = (event: MouseEvent): void => {
      if (start.current !== null) event.stopPropagation();
    };
    const move = (event: PointerEvent): void => {
      if (start.current === null) return;
      const { x, y, before } = start.current;
      const { left, top } = element.getBoundingClientRect();
      const [from, to] = [view.toGraph({ x, y }), view.toGraph({ x: event.clientX, y: event.clientY })];
      const area = rectOf(from.x, from.y, to.x, to.y);
      setBox(rectOf(x - left, y - top, event.clientX - left, event.clientY - top));
      const frames = workspace.store.graph().frames;
      const found = scene.within(area).filter((id) => !frames.has(id) || contains(area, frames.get(id)!));
      selection.set([...before, ...found]);
    };
    const up = (event: PointerEvent): void => {
      if (start.current === null) return;
      start.current = null;
      setBox(null);
      element.releasePointerCapture(event.pointerId);
    };
    element.addEventListener("pointerdown", down, true);
    element.addEventListener("mousedown", hush, true);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", up);
    return () => {
      element.removeEventListener("pointerdown", down, true);
      element.removeEventListener("mousedown", hush, true);
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointercancel", up);
    };
  }, [workspace, scene, root]);
  if (box === null) return null;
  return <div className="box-selection" style={{ left: box.x, top: box.y, width: box.width, height: box.height }} />;
}

function rectOf(x1: number, y1: number, x2: number, y2: number): Rect {
  return { x: Math.min(x1, x2), y: Math.min(y1, y2), width: Math.abs(x1 - x2), height: Math.abs(y1 - y2) };
}
