// Keys of the page: what has the focus decides what they mean.

import { afterEach, expect, test } from "vitest";

import { listenForKeys } from "../../src/app/keys.ts";
import type { Action } from "../../src/editor/actions.ts";

const done: string[] = [];
const action = (name: string, ...keys: string[]): Action => ({
  name,
  label: name,
  group: "",
  keys,
  enabled: () => true,
  run: () => void done.push(name),
});
const PAGE = [action("run", "Mod+Enter"), action("sheet", "?")];
const GRAPH = [action("undo", "Mod+Z"), action("delete", "Delete"), action("add", "/")];

function press(markup: string, key: string, ctrlKey = false): string[] {
  done.length = 0;
  document.body.innerHTML = markup;
  const stop = listenForKeys(PAGE, GRAPH);
  const target = document.querySelector<HTMLElement>("[data-at]") ?? document.body;
  target.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey, bubbles: true, cancelable: true }));
  stop();
  return [...done];
}

afterEach(() => document.body.replaceChildren());

test("after a press on Run, keys still belong to the graph", () => {
  const button = "<header><button data-at>Run</button></header>";
  expect(press(button, "z", true)).toEqual(["undo"]);
  expect(press(button, "/")).toEqual(["add"]);
});

test("in a panel and on a tab, Delete deletes no nodes, and undo undoes", () => {
  for (const markup of ["<aside><button data-at></button></aside>", "<div role=tablist><i data-at></i></div>"]) {
    expect(press(markup, "Delete")).toEqual([]);
    expect(press(markup, "z", true)).toEqual(["undo"]);
    expect(press(markup, "?", false)).toEqual(["sheet"]);
  }
});

test("who types is not disturbed, but can run", () => {
  for (const key of ["/", "?", "Delete"]) expect(press("<input data-at>", key)).toEqual([]);
  expect(press("<input data-at>", "z", true)).toEqual([]);
  expect(press("<input data-at>", "Enter", true)).toEqual(["run"]);
});
