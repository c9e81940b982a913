import { afterEach, expect, test } from "vitest";

import { focusItem } from "../../src/editor/focus.ts";

function added(id: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.id = id;
  document.body.append(button);
  return button;
}

const frames = () => new Promise((done) => setTimeout(done, 60));

afterEach(() => document.body.replaceChildren());

test("the keyboard goes to an item as soon as it is there", async () => {
  focusItem("1");
  const item = added("node-1");
  await frames();
  expect(document.activeElement).toBe(item);
});

test("who went elsewhere meanwhile stays there", async () => {
  focusItem("1");
  const field = added("search");
  field.focus();
  added("node-1");
  await frames();
  expect(document.activeElement).toBe(field);
});
