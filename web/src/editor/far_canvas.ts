/**
 * One canvas behind the nodes. What it shows is painted with a margin and then only moved while the view pans; while it
 * zooms, the old picture is stretched and painted anew shortly after the last step.
 */

import type { Transform, View } from "./view.ts";

/** Screen pixels painted beyond each edge. */
const MARGIN = 400;
/** Milliseconds after the last zoom step until the picture is sharp again. */
const SETTLE = 120;
/** Stretched further than this a picture is painted anew at once. */
const MOST_STRETCH = 2;

/** Paints onto a context that is already set up for graph units. */
export type Paint = (context: CanvasRenderingContext2D, transform: Transform, width: number, height: number) => void;

export class FarCanvas {
  /** What the view was when the picture was painted; null before the first. */
  private painted: (Transform & { readonly width: number; readonly height: number }) | null = null;
  private frame = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly unsubscribe: () => void;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly view: View,
    private readonly paint: Paint,
  ) {
    this.unsubscribe = view.subscribe(this.follow);
    this.repaint();
  }

  /** What is shown changed: paint it with the next frame. */
  invalidate = (): void => {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.repaint();
    });
  };

  dispose(): void {
    this.unsubscribe();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
  }

  private readonly follow = (): void => {
    const { painted, view } = this;
    if (painted === null || painted.width !== view.width || painted.height !== view.height) return this.invalidate();
    const { x, y, zoom } = view.current;
    const stretch = zoom / painted.zoom;
    const left = x - painted.x * stretch - MARGIN * stretch;
    const top = y - painted.y * stretch - MARGIN * stretch;
    this.canvas.style.transform = `translate(${left}px, ${top}px) scale(${stretch})`;
    if (stretch !== 1) {
      clearTimeout(this.timer);
      this.timer = setTimeout(this.invalidate, SETTLE);
      if (stretch > MOST_STRETCH || stretch < 1 / MOST_STRETCH) this.invalidate();
    } else if (left > 0 || top > 0 || left < -2 * MARGIN || top < -2 * MARGIN) this.invalidate();
  };

  private repaint(): void {
    clearTimeout(this.timer);
    const { canvas, view } = this;
    const { x, y, zoom } = view.current;
    const scale = Math.min(2, globalThis.devicePixelRatio || 1);
    const [width, height] = [view.width + 2 * MARGIN, view.height + 2 * MARGIN];
    const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== across || canvas.height !== down) {
      canvas.width = across;
      canvas.height = down;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    this.painted = { x, y, zoom, width: view.width, height: view.height };
    canvas.style.transform = `translate(${-MARGIN}px, ${-MARGIN}px)`;
    const context = canvas.getContext("2d");
    if (context === null) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, across, down);
    context.setTransform(zoom * scale, 0, 0, zoom * scale, (x + MARGIN) * scale, (y + MARGIN) * scale);
    this.paint(context, { x: x + MARGIN, y: y + MARGIN, zoom }, width, height);
  }
}
