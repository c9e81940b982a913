/** Canvas, nodes and widgets. */

export const editor = {};
