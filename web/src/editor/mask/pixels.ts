/** Reads a picture's pixels with the colours of clear ones intact, which a 2D canvas cannot: through WebGL. */

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** RGBA, not multiplied by their transparency. */
  readonly rgba: Uint8ClampedArray;
}

/** Raises Error where the picture cannot be read or the browser has no WebGL. */
export async function readPixels(picture: Blob): Promise<Pixels> {
  const bitmap = await createImageBitmap(picture, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (gl === null) throw new Error("this browser gives no access to the pixels of pictures (WebGL is off)");
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  gl.framebufferTexture2D(
    gl.FRAMEBUFFER,
    gl.COLOR_ATTACHMENT0,
    gl.TEXTURE_2D,
    gl.getParameter(gl.TEXTURE_BINDING_2D),
    0,
  );
  const rgba = new Uint8Array(width * height * 4);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
  bitmap.close();
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return { width, height, rgba: new Uint8ClampedArray(rgba.buffer) };
}
