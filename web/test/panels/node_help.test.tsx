import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { lineOf, NodeHelp } from "../../src/panels/node_help.tsx";
import { StudioContext } from "../../src/studio/context.ts";
import { Examples, type Example } from "../../src/studio/examples.ts";
import type { Studio } from "../../src/studio/studio.ts";
import { input, spec } from "../document/specimens.ts";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const SAMPLER = spec("Sampler", [input("steps", "INT", { tip: "How many steps it takes." })], ["LATENT"], {
  description: "Takes the noise away.",
});

function show(of: () => Promise<readonly Example[]>, onOpen = vi.fn()): { readonly opened: string[] } {
  const opened: string[] = [];
  const examples = Object.assign(new Examples(), { of });
  const studio = { examples, window: { set: (name: string) => opened.push(name) } } as unknown as Studio;
  render(
    <StudioContext value={studio}>
      <NodeHelp spec={SAMPLER} onOpen={onOpen} />
    </StudioContext>,
  );
  return { opened };
}

const example = (number: number): Example => ({
  name: `e${number}`,
  title: `Example ${number}`,
  values: [["steps", number]],
});

test("help says what a node does, takes and gives, and where it is used with which values", async () => {
  show(async () => [example(1)]);
  expect(await screen.findByRole("button", { name: "Open the example “Example 1”" })).toBeTruthy();
  for (const text of ["Takes the noise away.", "How many steps it takes.", "LATENT", "steps 1"])
    expect(screen.getByText(text)).toBeTruthy();
  expect(screen.queryByText("All examples…")).toBeNull();
});

test("more examples than a few are in the window of examples; help is left before something opens", async () => {
  const onOpen = vi.fn();
  const { opened } = show(async () => [1, 2, 3, 4].map(example), onOpen);
  fireEvent.click(await screen.findByText("All examples…"));
  expect(screen.getAllByRole("listitem").filter((item) => item.textContent?.startsWith("Example"))).toHaveLength(3);
  expect([opened, onOpen.mock.calls.length]).toEqual([["templates"], 1]);
});

test("it says where no example uses the node, and why they could not be read", async () => {
  show(async () => []);
  expect(await screen.findByText("No example uses it.")).toBeTruthy();
  cleanup();
  show(() => Promise.reject(new Error("away")));
  expect(await screen.findByText(/could not be read: .*away/)).toBeTruthy();
});

test("values that several examples share are said once", async () => {
  show(async () => [example(1), { ...example(1), name: "again", title: "Again" }]);
  expect(await screen.findByText("Again")).toBeTruthy();
  expect(screen.getAllByText("steps 1")).toHaveLength(1);
});

test("long values are shortened, names are read as words, large seeds are whole", () => {
  expect(
    lineOf([
      ["noise_seed", 18446744073709551615n],
      ["text", "a\nred  house"],
    ]),
  ).toBe("noise seed 18446744073709551615 · text a red house");
  const [long] = [lineOf([["text", "word ".repeat(40)]])];
  expect(long.length).toBeLessThan(60);
  expect(long.endsWith("…")).toBe(true);
});
