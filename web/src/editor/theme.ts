/** The colours of the page, resolved for painting on a canvas; asked for again when the theme changes. */

import type { Ink } from "./sockets.ts";
import { Topic } from "./topic.ts";

const NAMES = {
  canvas: "--canvas",
  surface: "--node-surface",
  header: "--node-header",
  border: "--node-border",
  text: "--text",
  muted: "--text-muted",
  accent: "--accent",
  running: "--accent-strong",
  danger: "--danger",
  warning: "--warning",
  cached: "--node-cached",
  note: "--note-surface",
} as const;

export type Theme = Readonly<Record<keyof typeof NAMES, string>> & {
  readonly lightness: number;
  readonly chroma: number;
  readonly font: string;
};

/** Read the theme that holds for an element. */
export function themeOf(element: Element): Theme {
  const style = getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  const colors = Object.fromEntries(Object.entries(NAMES).map(([name, property]) => [name, read(property)]));
  return {
    ...(colors as Record<keyof typeof NAMES, string>),
    lightness: Number(read("--socket-lightness")) || 0.75,
    chroma: Number(read("--socket-chroma")) || 0.13,
    font: style.fontFamily,
  };
}

/** What sockets are drawn with now; the canvas keeps it in step with the theme. */
export const socketInk = new Topic<Ink>({ lightness: 0.76, chroma: 0.135, surface: "#21252e", danger: "#ff8a8a" });

/** Be told when the theme may have changed: by the system, or by the page's own setting. */
export function watchTheme(listener: () => void): () => void {
  const queries = ["(prefers-color-scheme: light)", "(prefers-contrast: more)", "(forced-colors: active)"].map(
    (query) => matchMedia(query),
  );
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true });
  queries.forEach((query) => query.addEventListener("change", listener));
  return () => {
    observer.disconnect();
    queries.forEach((query) => query.removeEventListener("change", listener));
  };
}
