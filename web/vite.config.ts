import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const ROOT = import.meta.dirname;
const SERVER = process.env["PATCHBAY_SERVER"] ?? "http://127.0.0.1:8188";
const STAMPED = ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"];

/** A digest of everything that the build is made of; tests/web/test_dist.py computes the same. */
function digestOfSources(): string {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join("/"));
  const digest = createHash("sha256");
  for (const name of [...STAMPED, ...sources].sort()) {
    digest
      .update(`${name}\0`)
      .update(readFileSync(join(ROOT, name)))
      .update("\0");
  }
  return digest.digest("hex");
}

/** Writes BUILD.json beside the build, so that a stale one is noticed where there is no node.js. */
function stamp(): Plugin {
  return {
    name: "stamp",
    apply: "build",
    generateBundle() {
      this.emitFile({
        type: "asset",
        fileName: "BUILD.json",
        source: `${JSON.stringify({ sources: digestOfSources() })}\n`,
      });
    },
  };
}

export default defineConfig({
  plugins: [react(), stamp()],
  server: { proxy: { "/api": { target: SERVER, ws: true } } },
  build: {
    target: "es2023",
    sourcemap: false,
    license: { fileName: "THIRD_PARTY.md" },
    rollupOptions: {
      output: {
        entryFileNames: "assets/[name].js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
        manualChunks: (id) => (/node_modules\/(react|react-dom|scheduler|@xyflow)\//.test(id) ? "vendor" : undefined),
      },
    },
  },
  test: { environment: "happy-dom", include: ["test/**/*.test.{ts,tsx}"] },
});
