/** What part of the graph the canvas shows. The canvas moves it; the window, the far canvas and the minimap follow. */

import type { Point, Rect } from "../document/types.ts";

export interface Transform extends Point {
  readonly zoom: number;
}

/** Moves the canvas: React Flow's instance, once there is one. */
export interface Mover {
  setViewport(transform: Transform, options?: { duration?: number }): unknown;
}

/** Below this the graph is painted on one canvas. */
export const FAR = 0.35;
/** Below this the nodes show their values as text, without fields. */
export const MIDDLE = 0.6;
export const NEAREST = 2.5;
export const FARTHEST = 0.02;

const FIT_MARGIN = 60;
const DURATION = 260;

export class View {
  private transform: Transform = { x: 0, y: 0, zoom: 1 };
  private size = { width: 1, height: 1 };
  private box: { readonly left: number; readonly top: number } = { left: 0, top: 0 };
  private mover: Mover | null = null;
  private readonly listeners = new Set<() => void>();

  get current(): Transform {
    return this.transform;
  }

  get zoom(): number {
    return this.transform.zoom;
  }

  get width(): number {
    return this.size.width;
  }

  get height(): number {
    return this.size.height;
  }

  get isFar(): boolean {
    return this.transform.zoom < FAR;
  }

  /** The part of the graph that is seen, with a margin in screen pixels. */
  visible(margin = 0): Rect {
    const { x, y, zoom } = this.transform;
    return {
      x: (-x - margin) / zoom,
      y: (-y - margin) / zoom,
      width: (this.size.width + 2 * margin) / zoom,
      height: (this.size.height + 2 * margin) / zoom,
    };
  }

  get middle(): Point {
    return this.toGraph({ x: this.box.left + this.size.width / 2, y: this.box.top + this.size.height / 2 });
  }

  /** From a place on the page to one in the graph. */
  toGraph({ x, y }: Point): Point {
    const { x: left, y: top, zoom } = this.transform;
    return { x: (x - this.box.left - left) / zoom, y: (y - this.box.top - top) / zoom };
  }

  /** From a place in the graph to one on the page. */
  toPage({ x, y }: Point): Point {
    const { x: left, y: top, zoom } = this.transform;
    return { x: x * zoom + left + this.box.left, y: y * zoom + top + this.box.top };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The canvas tells what it shows. */
  follow(transform: Transform): void {
    const { x, y, zoom } = this.transform;
    if (transform.x === x && transform.y === y && transform.zoom === zoom) return;
    this.transform = transform;
    this.tell();
  }

  /** The canvas tells where it is on the page. */
  place(box: { readonly left: number; readonly top: number; readonly width: number; readonly height: number }): void {
    this.box = { left: box.left, top: box.top };
    this.size = { width: Math.max(1, box.width), height: Math.max(1, box.height) };
    this.tell();
  }

  attach(mover: Mover): () => void {
    this.mover = mover;
    mover.setViewport(this.transform);
    return () => void (this.mover = null);
  }

  /** Show this transform; `smoothly` where motion is welcome. */
  show(transform: Transform, smoothly = false): void {
    const zoom = Math.min(NEAREST, Math.max(FARTHEST, transform.zoom));
    const target = { ...transform, zoom };
    if (this.mover === null) this.follow(target);
    else this.mover.setViewport(target, smoothly && !motionReduced() ? { duration: DURATION } : {});
  }

  /** Show all of a rectangle, no nearer than `nearest`. */
  fit(rect: Rect, nearest = 1, smoothly = true): void {
    const { width, height } = this.size;
    const across = (width - 2 * FIT_MARGIN) / Math.max(1, rect.width);
    const zoom = Math.min(
      nearest,
      Math.max(FARTHEST, across),
      Math.max(FARTHEST, (height - 2 * FIT_MARGIN) / Math.max(1, rect.height)),
    );
    this.center({ x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 }, zoom, smoothly);
  }

  center(at: Point, zoom = this.transform.zoom, smoothly = true): void {
    const nearest = Math.min(NEAREST, Math.max(FARTHEST, zoom));
    this.show(
      { x: this.size.width / 2 - at.x * nearest, y: this.size.height / 2 - at.y * nearest, zoom: nearest },
      smoothly,
    );
  }

  /** Zoom by a factor about the middle. */
  zoomBy(factor: number): void {
    this.center(this.middle, this.transform.zoom * factor);
  }

  /** Bring a rectangle into sight, near enough to be used, moving no more than is needed. */
  reveal(rect: Rect): void {
    const seen = this.visible(-24);
    const inside =
      rect.x >= seen.x &&
      rect.y >= seen.y &&
      rect.x + Math.min(rect.width, seen.width) <= seen.x + seen.width &&
      rect.y + Math.min(rect.height, seen.height) <= seen.y + seen.height;
    if (inside && this.zoom >= MIDDLE) return;
    this.center({ x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 }, Math.max(this.zoom, 0.8));
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

function motionReduced(): boolean {
  return (
    document.documentElement.dataset["motion"] === "less" || matchMedia("(prefers-reduced-motion: reduce)").matches
  );
}
