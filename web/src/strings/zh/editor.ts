/** 画布、节点与控件。 */

export const editor = {};
