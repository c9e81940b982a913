/** Who may import whom, and how large files may grow. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative, sep } from "node:path";

import { describe, expect, it } from "vitest";

const SOURCES = join(import.meta.dirname, "../src");

/** What each folder of `src` may import of the others: dependencies point one way. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  document: [],
  strings: [],
  files: ["document"],
  api: ["document"],
  editor: ["document", "strings", "files", "api"],
  studio: ["document", "strings", "files", "api", "editor"],
  panels: ["document", "strings", "files", "api", "editor", "studio"],
  app: ["document", "strings", "files", "api", "editor", "studio", "panels", "styles"],
};
/** Without React and without the page: these run in workers and tests alike. */
const PURE = ["document", "files", "strings"];
/** The packages that each pure folder may use. */
const PACKAGES = ["lossless-json", "@dagrejs/dagre"];
const LONGEST = 300;
const VAGUE = /(^|_)(utils?|helpers?|common|misc|manager|handlers?|info)(_|\.|$)/;

const IMPORT = /(?:\bfrom\s|\bimport\b)\s*\(?\s*["']([\w@./-]+)["']/g;

const files = readdirSync(SOURCES, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  .map((entry) => relative(SOURCES, join(entry.parentPath, entry.name)).split(sep).join("/"));

function importsOf(file: string): string[] {
  return Array.from(readFileSync(join(SOURCES, file), "utf8").matchAll(IMPORT), (found) => found[1]!);
}

const topOf = (path: string): string => path.split("/")[0]!;

describe("the editor's sources", () => {
  it("import only what lies below them", () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => target.startsWith("."))
        .map((target) =>
          normalize(join(dirname(file), target))
            .split(sep)
            .join("/"),
        )
        .filter((target) => topOf(target) !== topOf(file) && !MAY_IMPORT[topOf(file)]?.includes(topOf(target)))
        .map((target) => `${file} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("lie in folders that this page knows", () => {
    expect([...new Set(files.map(topOf))].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  it("know no React and no page where they are pure", () => {
    const pure = files.filter((file) => PURE.includes(topOf(file)));
    const packages = pure.flatMap((file) => importsOf(file).filter((target) => !target.startsWith(".")));
    expect(packages.filter((name) => !PACKAGES.includes(name))).toEqual([]);
    const page =
      /\b(window|globalThis|navigator|localStorage)\.|\bdocument\.(createElement|body|querySelector|addEventListener)/;
    expect(
      pure.filter((file) => topOf(file) !== "strings" && page.test(readFileSync(join(SOURCES, file), "utf8"))),
    ).toEqual([]);
  });

  it(`have at most ${LONGEST} lines a file, and names that say something`, () => {
    const long = files.filter((file) => readFileSync(join(SOURCES, file), "utf8").split("\n").length > LONGEST);
    expect(long).toEqual([]);
    expect(files.filter((file) => VAGUE.test(file.split("/").at(-1)!))).toEqual([]);
  });
});
