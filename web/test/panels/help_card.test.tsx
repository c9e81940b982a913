import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Topic } from "../../src/editor/topic.ts";
import { HelpCard, openHelp } from "../../src/panels/help_card.tsx";
import { StudioContext } from "../../src/studio/context.ts";
import type { Help, Studio } from "../../src/studio/studio.ts";
import { storeOf } from "../document/specimens.ts";
import { workspaceOf } from "../editor/workspaces.ts";

let studio: Studio;

beforeEach(() => {
  vi.useFakeTimers();
  const { workspace } = workspaceOf(storeOf().store);
  studio = {
    current: new Topic({ workspace }),
    help: new Topic<Help | null>(null),
    search: new Topic(null),
    examples: { of: async () => [] },
  } as unknown as Studio;
  render(
    <StudioContext value={studio}>
      <article data-node="1">
        <header className="node-head">
          <button type="button">twist</button>
          <span>Load</span>
        </header>
      </article>
      <article data-node="5">
        <header className="node-head">Sample</header>
      </article>
      <HelpCard />
    </StudioContext>,
  );
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const over = (target: Element, more: object = {}): unknown =>
  fireEvent(target, new PointerEvent("pointerover", { bubbles: true, pointerType: "mouse", ...more }));
const wait = (milliseconds: number): Promise<void> =>
  act(async () => void (await vi.advanceTimersByTimeAsync(milliseconds)));
const cards = (): readonly (string | null)[] =>
  screen.queryAllByRole("dialog").map((card) => card.getAttribute("aria-label"));

test("help shows where the pointer rests on a title, and leaves the focus where it is", async () => {
  const button = screen.getByText("twist");
  button.focus();
  over(screen.getByText("Load"));
  await wait(300);
  expect(cards()).toEqual([]);
  await wait(500);
  expect(cards()).toEqual(["Help: Load Checkpoint"]);
  expect(document.activeElement).toBe(button);
});

test("it stays while the pointer is on it, and goes soon after", async () => {
  over(screen.getByText("Load"));
  await wait(800);
  over(document.body);
  over(screen.getByRole("dialog").firstElementChild!);
  await wait(2000);
  expect(cards()).toHaveLength(1);
  over(document.body);
  await wait(300);
  expect(cards()).toEqual([]);
});

test("the next title takes its place; Escape and a press elsewhere close it", async () => {
  over(screen.getByText("Load"));
  await wait(800);
  over(screen.getByText("Sample"));
  await wait(800);
  expect(cards()).toEqual(["Help: Sample"]);
  fireEvent.keyDown(document.body, { key: "Escape" });
  expect(cards()).toEqual([]);
  over(screen.getByText("Load"));
  await wait(800);
  fireEvent.pointerDown(screen.getByText("Sample"));
  expect(cards()).toEqual([]);
});

test("a touch, a drag and what has a use of its own in the head open none", async () => {
  over(screen.getByText("Load"), { pointerType: "touch" });
  await wait(800);
  over(screen.getByText("Load"), { buttons: 1 });
  await wait(800);
  over(screen.getByText("twist"));
  await wait(800);
  expect(cards()).toEqual([]);
});

test("opened by a key it takes the focus, stays when the pointer moves, and gives the focus back", async () => {
  const button = screen.getByText("twist");
  button.focus();
  act(() => openHelp(studio, "5"));
  const card = screen.getByRole("dialog", { name: "Help: Sample" });
  expect(document.activeElement).toBe(card);
  over(screen.getByText("Load"));
  await wait(2000);
  expect(cards()).toEqual(["Help: Sample"]);
  fireEvent.keyDown(card, { key: "Escape" });
  expect(cards()).toEqual([]);
  expect(document.activeElement).toBe(button);
});
