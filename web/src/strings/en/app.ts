export const app = { "format.seconds": "{number} s" };
