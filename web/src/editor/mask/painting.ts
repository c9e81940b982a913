/** What was done to a mask, in order; undo takes the last away and does the rest again. */

export interface Dot {
  readonly x: number;
  readonly y: number;
}

export type Stroke = {
  readonly kind: "stroke";
  readonly erase: boolean;
  /** Diameter in pixels of the picture. */
  readonly size: number;
  readonly dots: readonly Dot[];
};
export type Operation = Stroke | { readonly kind: "invert" } | { readonly kind: "clear" };

/** The part of a canvas's context that painting needs; opaque is masked. */
export type Paper = Pick<
  CanvasRenderingContext2D,
  | "canvas"
  | "globalCompositeOperation"
  | "lineWidth"
  | "lineCap"
  | "lineJoin"
  | "strokeStyle"
  | "fillStyle"
  | "beginPath"
  | "moveTo"
  | "lineTo"
  | "stroke"
  | "fillRect"
  | "clearRect"
>;

/** Seen on light and dark pictures; of what is painted only the transparency counts. */
const MASKED = "#ff3d81";
const MASKED_BYTES = [0xff, 0x3d, 0x81] as const;

/** Do one operation on the mask. */
export function apply(paper: Paper, operation: Operation): void {
  const { width, height } = paper.canvas;
  if (operation.kind === "stroke") draw(paper, operation);
  else if (operation.kind === "clear") paper.clearRect(0, 0, width, height);
  else {
    // what is drawn stays where nothing was, and goes where something was
    paper.globalCompositeOperation = "source-out";
    paper.fillStyle = MASKED;
    paper.fillRect(0, 0, width, height);
    paper.globalCompositeOperation = "source-over";
  }
}

/** The line from one dot of a stroke to its last, round at both ends. */
export function draw(paper: Paper, { erase, size, dots }: Stroke, from = 0): void {
  const [first, ...rest] = dots.slice(Math.max(0, from - 1));
  if (first === undefined) return;
  paper.globalCompositeOperation = erase ? "destination-out" : "source-over";
  paper.strokeStyle = MASKED;
  paper.lineWidth = size;
  paper.lineCap = "round";
  paper.lineJoin = "round";
  paper.beginPath();
  paper.moveTo(first.x, first.y);
  for (const { x, y } of rest.length > 0 ? rest : [first]) paper.lineTo(x, y);
  paper.stroke();
  paper.globalCompositeOperation = "source-over";
}

/** The picture's pixels with the mask as their transparency: masked is clear, as Load Image reads it. */
export function withMask(pixels: Uint8ClampedArray, mask: Uint8ClampedArray): Uint8ClampedArray {
  const masked = pixels.slice();
  for (let at = 3; at < masked.length; at += 4) masked[at] = 255 - mask[at]!;
  return masked;
}

/** The mask that a picture brings along: opaque where the picture is clear. */
export function maskOf(pixels: Uint8ClampedArray): Uint8ClampedArray {
  const mask = new Uint8ClampedArray(pixels.length);
  for (let at = 0; at < pixels.length; at += 4) {
    mask.set(MASKED_BYTES, at);
    mask[at + 3] = 255 - pixels[at + 3]!;
  }
  return mask;
}
