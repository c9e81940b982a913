import { useEffect, useRef } from "react";
import type { ReactElement } from "react";

import { useWorkspace } from "./context.ts";
import { FarCanvas } from "./far_canvas.ts";
import { paintGraph, paintPassing } from "./painter.ts";
import type { Scene } from "./scene.ts";
import { socketInk, themeOf, watchTheme } from "./theme.ts";
import type { WindowModel } from "./window_model.ts";

const GAP = 32;

/** What lies behind the nodes: the dots, and the canvas that shows what React Flow is not given. */
export function CanvasLayer({ scene, model }: { readonly scene: Scene; readonly model: WindowModel }): ReactElement {
  const workspace = useWorkspace();
  const dots = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    const { view } = workspace;
    const { style } = dots.current!;
    const move = (): void => {
      const { x, y, zoom } = view.current;
      let gap = GAP * zoom;
      while (gap < 18) gap *= 2;
      style.backgroundSize = `${gap}px ${gap}px`;
      style.transform = `translate(${x % gap}px, ${y % gap}px)`;
    };
    move();
    return view.subscribe(move);
  }, [workspace]);

  useEffect(() => {
    const { view, runs, selection } = workspace;
    let theme = themeOf(canvas.current!);
    socketInk.set(theme);
    const far = new FarCanvas(canvas.current!, view, (context, transform, width, height) => {
      const painted = { workspace, scene, theme };
      if (view.isFar) return paintGraph(context, painted, transform, width, height);
      paintPassing(context, painted, transform, width, height, model.shows);
    });
    const whileFar = (): void => {
      if (view.isFar) far.invalidate();
    };
    const stops = [
      model.window.subscribe(far.invalidate),
      scene.subscribe(far.invalidate),
      runs.subscribe(whileFar),
      selection.subscribe(whileFar),
      watchTheme(() => {
        theme = themeOf(canvas.current!);
        socketInk.set(theme);
        far.invalidate();
      }),
    ];
    return () => {
      stops.forEach((stop) => stop());
      far.dispose();
    };
  }, [workspace, scene, model]);

  return (
    <div className="canvas-layer" aria-hidden="true">
      <div ref={dots} className="dots" />
      <canvas ref={canvas} className="far-canvas" />
    </div>
  );
}
