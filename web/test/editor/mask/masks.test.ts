import { inflateSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import type { Paper } from "../../../src/editor/mask/painting.ts";
import { apply, maskOf, withMask } from "../../../src/editor/mask/painting.ts";
import { encodePng } from "../../../src/editor/mask/png.ts";

describe("a mask", () => {
  it("is the picture's transparency, and the colors under it stay", () => {
    const pixels = new Uint8ClampedArray([10, 20, 30, 255, 40, 50, 60, 255]);
    const mask = new Uint8ClampedArray([255, 255, 255, 255, 255, 255, 255, 0]);
    expect([...withMask(pixels, mask)]).toEqual([10, 20, 30, 0, 40, 50, 60, 255]);
    expect([...maskOf(withMask(pixels, mask))].filter((_, at) => at % 4 === 3)).toEqual([255, 0]);
    expect(pixels[3]).toBe(255);
  });

  it("is written as a PNG that keeps the color of clear pixels", async () => {
    const pixels = new Uint8ClampedArray([10, 20, 30, 0, 40, 50, 60, 255, 70, 80, 90, 128, 1, 2, 3, 4]);
    const bytes = Buffer.from(await (await encodePng(2, 2, pixels)).arrayBuffer());
    expect(bytes.subarray(1, 4).toString()).toBe("PNG");
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20), bytes[24], bytes[25]]).toEqual([2, 2, 8, 6]);
    const length = bytes.readUInt32BE(33);
    const rows = inflateSync(bytes.subarray(41, 41 + length));
    expect([...rows]).toEqual([0, ...pixels.slice(0, 8), 0, ...pixels.slice(8)]);
    expect(bytes.readUInt32BE(bytes.length - 4)).toBe(0xae426082); // the checksum of IEND, by the specification
  });

  it("is painted by strokes that erase or add, and a dot is a stroke too", () => {
    const done: string[] = [];
    const note = (name: string) => (): void => void done.push(`${name} ${paper.globalCompositeOperation}`);
    const paper = {
      canvas: { width: 4, height: 4 },
      globalCompositeOperation: "source-over",
      beginPath: () => undefined,
      moveTo: () => undefined,
      lineTo: note("line"),
      stroke: note("stroke"),
      fillRect: note("fill"),
      clearRect: note("clear"),
    } as unknown as Paper;
    apply(paper, { kind: "stroke", erase: true, size: 3, dots: [{ x: 1, y: 1 }] });
    apply(paper, {
      kind: "stroke",
      erase: false,
      size: 3,
      dots: [
        { x: 1, y: 1 },
        { x: 2, y: 2 },
      ],
    });
    apply(paper, { kind: "invert" });
    apply(paper, { kind: "clear" });
    expect(done).toEqual([
      "line destination-out",
      "stroke destination-out",
      "line source-over",
      "stroke source-over",
      "fill source-out",
      "clear source-over",
    ]);
  });
});
