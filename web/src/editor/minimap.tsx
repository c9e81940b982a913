import { useEffect, useRef } from "react";
import type { PointerEvent, ReactElement } from "react";

import { contains } from "../document/geometry.ts";
import { t } from "../strings/index.ts";
import { useWorkspace } from "./context.ts";
import { paintGraph } from "./painter.ts";
import type { Scene } from "./scene.ts";
import { themeOf, watchTheme } from "./theme.ts";
import type { Rect } from "../document/types.ts";

const WIDTH = 200;
const HEIGHT = 132;
const PADDING = 8;
/** Milliseconds between two paintings. */
const PAUSE = 250;

/** The whole graph, small, with a frame around what is seen; a press or a drag moves the view. Not there while all is seen. */
export function Minimap({ scene }: { readonly scene: Scene }): ReactElement {
  const workspace = useWorkspace();
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const map = useRef<HTMLDivElement>(null);
  const shown = useRef({ x: 0, y: 0, zoom: 1 });

  useEffect(() => {
    const { view } = workspace;
    const paper = canvas.current!;
    const whole = map.current!;
    const { style } = frame.current!;
    let theme = themeOf(paper);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let bounds: Rect | null = null;
    const mark = (): void => {
      const { x, y, zoom } = shown.current;
      const seen = view.visible();
      const needless = bounds === null || contains(seen, bounds);
      if (whole.hidden !== needless) whole.hidden = needless;
      style.transform = `translate(${seen.x * zoom + x}px, ${seen.y * zoom + y}px)`;
      style.width = `${seen.width * zoom}px`;
      style.height = `${seen.height * zoom}px`;
    };
    const paint = (): void => {
      timer = undefined;
      const context = paper.getContext("2d");
      bounds = scene.bounds();
      if (bounds !== null) shown.current = fitting(bounds);
      mark();
      if (context === null) return;
      const { x, y, zoom } = shown.current;
      const scale = Math.min(2, globalThis.devicePixelRatio || 1);
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, WIDTH * scale, HEIGHT * scale);
      context.setTransform(zoom * scale, 0, 0, zoom * scale, x * scale, y * scale);
      paintGraph(context, { workspace, scene, theme, small: true }, shown.current, WIDTH, HEIGHT);
    };
    const soon = (): void => void (timer ??= setTimeout(paint, PAUSE));
    paint();
    const stops = [
      view.subscribe(mark),
      scene.subscribe(soon),
      workspace.runs.subscribe(soon),
      workspace.selection.subscribe(soon),
      watchTheme(() => {
        theme = themeOf(paper);
        soon();
      }),
    ];
    return () => {
      clearTimeout(timer);
      stops.forEach((stop) => stop());
    };
  }, [workspace, scene]);

  const go = (event: PointerEvent): void => {
    const box = canvas.current!.getBoundingClientRect();
    const { x, y, zoom } = shown.current;
    workspace.view.center(
      { x: (event.clientX - box.left - x) / zoom, y: (event.clientY - box.top - y) / zoom },
      undefined,
      false,
    );
  };
  const scale = Math.min(2, globalThis.devicePixelRatio || 1);
  return (
    <div
      ref={map}
      className="minimap"
      role="img"
      aria-label={t("minimap.label")}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={(event) => event.buttons === 1 && go(event)}
    >
      <canvas ref={canvas} width={WIDTH * scale} height={HEIGHT * scale} style={{ width: WIDTH, height: HEIGHT }} />
      <div ref={frame} className="minimap-frame" />
    </div>
  );
}

/** The transform by which an area fills the map. */
function fitting({ x, y, width, height }: Rect): { x: number; y: number; zoom: number } {
  const zoom = Math.min((WIDTH - 2 * PADDING) / Math.max(1, width), (HEIGHT - 2 * PADDING) / Math.max(1, height), 0.2);
  return { x: WIDTH / 2 - (x + width / 2) * zoom, y: HEIGHT / 2 - (y + height / 2) * zoom, zoom };
}
