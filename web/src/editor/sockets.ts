/** How a socket type looks: a hue that follows what people know from other editors, and a shape for those who see no hues. */

export type Shape = "circle" | "square" | "diamond" | "triangle" | "hexagon" | "drop" | "ring";

interface Look {
  readonly hue: number;
  readonly shape: Shape;
  /** Between 0, grey, and 1. */
  readonly chroma: number;
}

/** Parts of a model are hexagons, guidance diamonds, pictures squares, latents drops, sampling triangles, plain values circles. */
const KNOWN: Readonly<Record<string, Look>> = {
  MODEL: { hue: 295, shape: "hexagon", chroma: 0.8 },
  CLIP: { hue: 98, shape: "hexagon", chroma: 1 },
  VAE: { hue: 22, shape: "hexagon", chroma: 1 },
  CONTROL_NET: { hue: 172, shape: "hexagon", chroma: 0.7 },
  UPSCALE_MODEL: { hue: 262, shape: "hexagon", chroma: 0.6 },
  CONDITIONING: { hue: 62, shape: "diamond", chroma: 1 },
  LATENT: { hue: 335, shape: "drop", chroma: 0.9 },
  IMAGE: { hue: 248, shape: "square", chroma: 0.9 },
  MASK: { hue: 150, shape: "square", chroma: 0.9 },
  NOISE: { hue: 230, shape: "triangle", chroma: 0.35 },
  SIGMAS: { hue: 130, shape: "triangle", chroma: 0.6 },
  SAMPLER: { hue: 190, shape: "triangle", chroma: 0.7 },
  GUIDER: { hue: 45, shape: "triangle", chroma: 0.7 },
  INT: { hue: 205, shape: "circle", chroma: 0.65 },
  FLOAT: { hue: 120, shape: "circle", chroma: 0.65 },
  STRING: { hue: 85, shape: "circle", chroma: 0.5 },
  BOOLEAN: { hue: 10, shape: "circle", chroma: 0.6 },
  "*": { hue: 0, shape: "ring", chroma: 0 },
};

/** A type that nobody told us of keeps one look, taken from its name; a union looks like its first member. */
export function lookOf(socket: string): Look {
  const first = socket.split(",")[0] ?? socket;
  return KNOWN[first] ?? { hue: hashed(first) % 360, shape: "square", chroma: 0.6 };
}

function hashed(text: string): number {
  let value = 2166136261;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 16777619);
  return value >>> 0;
}

/** The shapes in a box of 12 × 12, as SVG and canvas path data. */
export const SHAPES: Readonly<Record<Shape, string>> = {
  circle: "M6 1.2a4.8 4.8 0 1 1 0 9.6a4.8 4.8 0 1 1 0-9.6z",
  square:
    "M2.6 1.4h6.8a1.2 1.2 0 0 1 1.2 1.2v6.8a1.2 1.2 0 0 1-1.2 1.2H2.6a1.2 1.2 0 0 1-1.2-1.2V2.6a1.2 1.2 0 0 1 1.2-1.2z",
  diamond: "M6 .4L11.6 6L6 11.6L.4 6z",
  triangle: "M1.8 1L11.4 6L1.8 11z",
  hexagon: "M3.4 1h5.2L11.6 6L8.6 11H3.4L.4 6z",
  drop: "M6 .2C7.6 3 10.4 4.6 10.4 7.2a4.4 4.4 0 0 1-8.8 0C1.6 4.6 4.4 3 6 .2z",
  ring: "M6 1.2a4.8 4.8 0 1 1 0 9.6a4.8 4.8 0 1 1 0-9.6zM6 3.6a2.4 2.4 0 1 0 0 4.8a2.4 2.4 0 1 0 0-4.8z",
};

/** The socket's colour as CSS. Lightness and chroma are the theme's; the hue is the type's. */
export function socketColor(socket: string): string {
  const { hue, chroma } = lookOf(socket);
  return `oklch(var(--socket-lightness) calc(var(--socket-chroma) * ${chroma}) ${hue})`;
}

/** What sockets are drawn with in a theme. */
export interface Ink {
  readonly lightness: number;
  readonly chroma: number;
  /** Inside a socket that nothing is wired to. */
  readonly surface: string;
  readonly danger: string;
}

const images = new Map<string, string>();

/** A socket as a background image: cheaper by far than hundreds of SVG elements, each of which is a layer to the browser. */
export function socketImage(
  socket: string,
  ink: Ink,
  { linked, lazy, missing }: { readonly linked: boolean; readonly lazy: boolean; readonly missing: boolean },
): string {
  const key = [socket, ink.lightness, ink.chroma, ink.surface, ink.danger, linked, lazy, missing].join(" ");
  const known = images.get(key);
  if (known !== undefined) return known;
  const color = paintColor(socket, ink);
  const stroke = missing ? ink.danger : color;
  const path = `<path d="${SHAPES[lookOf(socket).shape]}" fill="${linked ? color : ink.surface}" stroke="${stroke}" stroke-width="1.8" fill-rule="evenodd"${lazy ? ' stroke-dasharray="2 1.5"' : ""}/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 14 14">${path}</svg>`;
  const image = `url("data:image/svg+xml,${encodeURIComponent(svg)}")`;
  images.set(key, image);
  return image;
}

/** The same colour where no custom property reaches: on a canvas, in an image. */
export function paintColor(socket: string, theme: Pick<Ink, "lightness" | "chroma">): string {
  const { hue, chroma } = lookOf(socket);
  return `oklch(${theme.lightness} ${(theme.chroma * chroma).toFixed(3)} ${hue})`;
}
