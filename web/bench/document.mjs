/** Prints what edits of large documents cost, as JSON: `node --expose-gc bench/document.mjs [nodes]`. */

import { runnerImport } from "vite";

const { module } = await runnerImport("./bench/document.ts", {
  root: new URL("..", import.meta.url).pathname,
  configFile: false,
  logLevel: "error",
});
console.log(JSON.stringify(await module.measure(Number(process.argv[2] ?? 5000)), null, 2));
