/** The graph that is looked at as a picture, in the colors of the page. */

import { paintColor } from "../editor/sockets.ts";
import { themeOf } from "../editor/theme.ts";
import { graphAsSvg } from "../files/svg.ts";
import { t } from "../strings/index.ts";
import { download, fileName } from "./saving.ts";
import type { Studio } from "./studio.ts";
import type { Tab } from "./tab.ts";

/** What browsers draw without failing: pixels of a side, and of all. */
const LONGEST = 16_384;
const MOST_PIXELS = 64_000_000;
const SHARPEST = 2;

/** The graph as SVG text. */
export function drawnGraph(tab: Tab, element: Element = document.documentElement): string {
  const theme = themeOf(element);
  return graphAsSvg(tab.store.graph(), tab.workspace.specs, {
    background: theme.canvas,
    node: theme.surface,
    header: theme.header,
    border: theme.border,
    text: theme.text,
    faint: theme.muted,
    frame: theme.header,
    note: theme.note,
    socket: (socket) => paintColor(socket, theme),
  });
}

export function exportSvg(tab: Tab): void {
  download(new Blob([drawnGraph(tab)], { type: "image/svg+xml" }), `${fileName(tab)}.svg`);
}

/** As sharp as it can be painted; where the browser cannot, it says so. */
export async function exportPng(studio: Studio, tab: Tab): Promise<void> {
  const address = URL.createObjectURL(new Blob([drawnGraph(tab)], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    download(await painted(image), `${fileName(tab)}.png`);
  } catch (error) {
    studio.notices.tell(
      "error",
      t("export.unpainted", { reason: error instanceof Error ? error.message : String(error) }),
    );
  } finally {
    URL.revokeObjectURL(address);
  }
}

async function painted(image: HTMLImageElement): Promise<Blob> {
  const { naturalWidth: width, naturalHeight: height } = image;
  const scale = scaleOf(width, height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.floor(width * scale));
  canvas.height = Math.max(1, Math.floor(height * scale));
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error(`${canvas.width} × ${canvas.height}`))),
      "image/png",
    ),
  );
}

/** Pixels per unit: twice as sharp as on the screen, less where the graph is too large for that. */
export function scaleOf(width: number, height: number): number {
  return Math.min(SHARPEST, LONGEST / Math.max(width, height, 1), Math.sqrt(MOST_PIXELS / Math.max(width * height, 1)));
}
