import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";

import { ChoiceField } from "../../../src/editor/widgets/choice_field.tsx";
import { NumberField } from "../../../src/editor/widgets/number_field.tsx";
import { PromptField } from "../../../src/editor/widgets/prompt_field.tsx";
import { SeedField } from "../../../src/editor/widgets/seed_field.tsx";
import { SwitchField } from "../../../src/editor/widgets/switch_field.tsx";
import { TextField } from "../../../src/editor/widgets/text_field.tsx";

afterEach(cleanup);

const STEPS = { whole: true, low: 1, high: 100, step: 1 };

describe("a number field", () => {
  it("takes what was typed when it is left, and nothing that is no number", () => {
    const onChange = vi.fn();
    render(<NumberField id="a" label="steps" value={20} bounds={STEPS} onChange={onChange} />);
    const field = screen.getByRole("spinbutton", { name: "steps" });
    fireEvent.change(field, { target: { value: "2" } });
    expect(onChange).not.toHaveBeenCalled();
    fireEvent.blur(field);
    expect(onChange.mock.calls).toEqual([[2, "end"]]);
    fireEvent.change(field, { target: { value: "many" } });
    fireEvent.keyDown(field, { key: "Enter" });
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  it("steps by arrow keys, with Shift by ten", () => {
    const onChange = vi.fn();
    render(<NumberField id="a" label="steps" value={95} bounds={STEPS} onChange={onChange} />);
    const field = screen.getByRole("spinbutton");
    fireEvent.keyDown(field, { key: "ArrowUp" });
    fireEvent.keyDown(field, { key: "ArrowDown" });
    fireEvent.keyDown(field, { key: "ArrowUp", shiftKey: true });
    expect(onChange.mock.calls).toEqual([
      [96, "end"],
      [94, "end"],
      [100, "end"],
    ]);
  });

  it("is dragged as one gesture, and put back where the drag is cancelled", () => {
    const onChange = vi.fn();
    const { container } = render(<NumberField id="a" label="steps" value={20} bounds={STEPS} onChange={onChange} />);
    const row = container.firstElementChild!;
    row.setPointerCapture = () => undefined;
    const at = (x: number): object => ({ button: 0, pointerId: 1, clientX: x });
    fireEvent.pointerDown(row, at(100));
    fireEvent.pointerMove(row, at(140));
    fireEvent.pointerUp(row, at(140));
    fireEvent.pointerDown(row, at(100));
    fireEvent.pointerMove(row, at(80));
    fireEvent.pointerCancel(row, at(80));
    expect(onChange.mock.calls).toEqual([
      [30, "during"],
      [30, "end"],
      [15, "during"],
      [20, "cancel"],
    ]);
  });

  it("takes the focus where it was pressed and not dragged", () => {
    const { container } = render(<NumberField id="a" label="steps" value={20} bounds={STEPS} onChange={() => {}} />);
    const row = container.firstElementChild!;
    row.setPointerCapture = () => undefined;
    fireEvent.pointerDown(row, { button: 0, pointerId: 1, clientX: 9 });
    fireEvent.pointerUp(row, { button: 0, pointerId: 1, clientX: 10 });
    expect(document.activeElement).toBe(screen.getByRole("spinbutton"));
  });

  it("points to the sentence that says what is wrong", () => {
    render(<NumberField id="a" label="steps" value={0} bounds={STEPS} problem="why" onChange={() => {}} />);
    const field = screen.getByRole("spinbutton");
    expect(field.getAttribute("aria-invalid")).toBe("true");
    expect(field.getAttribute("aria-describedby")).toBe("why");
  });
});

describe("a seed field", () => {
  it("draws a new seed, takes the last one back, and turns its control", () => {
    const onChange = vi.fn();
    const onControl = vi.fn();
    render(
      <SeedField
        id="s"
        label="seed"
        value={2n ** 63n}
        last={7}
        control="fixed"
        onChange={onChange}
        onControl={onControl}
      />,
    );
    expect((screen.getByRole("spinbutton") as HTMLInputElement).value).toBe("9223372036854775808");
    fireEvent.click(screen.getByTitle("Draw a new seed"));
    fireEvent.click(screen.getByTitle(/last run, 7/));
    fireEvent.click(screen.getByTitle("After each run: keep"));
    expect(onChange.mock.calls[0]![1]).toBe("end");
    expect(onChange.mock.calls[1]).toEqual([7, "end"]);
    expect(onControl.mock.calls).toEqual([["increment"]]);
  });
});

describe("a choice", () => {
  const names = ["euler", "heun", "lms", "ddim", "dpm_2", "dpm_adaptive", "lcm", "uni_pc", "res", "sde"];

  it("is made from a list that is searched, by keyboard alone", () => {
    const onChange = vi.fn();
    render(<ChoiceField id="c" label="sampler" value="heun" options={names} onChange={onChange} />);
    fireEvent.click(screen.getByRole("combobox", { name: "sampler: heun" }));
    const search = screen.getByRole("combobox", { name: "Search sampler" });
    fireEvent.change(search, { target: { value: "dpm ad" } });
    expect(screen.getAllByRole("option").map((option) => option.textContent)).toEqual(["dpm_adaptive"]);
    fireEvent.keyDown(search, { key: "Enter" });
    expect(onChange.mock.calls).toEqual([["dpm_adaptive", "end"]]);
    expect(screen.queryByRole("option")).toBeNull();
  });

  it("goes to the neighbors by arrow keys without opening", () => {
    const onChange = vi.fn();
    render(<ChoiceField id="c" label="sampler" value="heun" options={names} onChange={onChange} />);
    fireEvent.keyDown(screen.getByRole("combobox"), { key: "ArrowDown" });
    fireEvent.keyDown(screen.getByRole("combobox"), { key: "ArrowUp" });
    expect(onChange.mock.calls.map(([value]) => value)).toEqual(["lms", "euler"]);
  });

  it("says that a list is empty, and keeps a name that is not in it", () => {
    render(<ChoiceField id="c" label="model" value="gone.safetensors" options={[]} onChange={() => {}} />);
    fireEvent.click(screen.getByRole("combobox", { name: "model: gone.safetensors" }));
    expect(screen.getByText("There is nothing to choose from yet.")).toBeTruthy();
  });

  it("closes on Escape and leaves the value", () => {
    const onChange = vi.fn();
    render(<ChoiceField id="c" label="sampler" value="heun" options={names} onChange={onChange} />);
    fireEvent.click(screen.getByRole("combobox"));
    fireEvent.keyDown(screen.getByRole("listbox"), { key: "Escape" });
    expect(screen.queryByRole("listbox")).toBeNull();
    expect(onChange).not.toHaveBeenCalled();
  });
});

describe("texts", () => {
  it("are one gesture from the first letter until the focus leaves", () => {
    const onChange = vi.fn();
    const { rerender } = render(<TextField id="t" label="name" value="a" onChange={onChange} />);
    const field = screen.getByRole("textbox");
    fireEvent.focus(field);
    fireEvent.change(field, { target: { value: "ab" } });
    rerender(<TextField id="t" label="name" value="ab" onChange={onChange} />);
    fireEvent.blur(field);
    expect(onChange.mock.calls).toEqual([
      ["ab", "during"],
      ["ab", "end"],
    ]);
  });

  it("leave no step where nothing was written", () => {
    const onChange = vi.fn();
    render(<TextField id="t" label="name" value="a" onChange={onChange} />);
    fireEvent.focus(screen.getByRole("textbox"));
    fireEvent.blur(screen.getByRole("textbox"));
    expect(onChange).not.toHaveBeenCalled();
  });

  it("are weighed by Ctrl+Up where they are prompts", () => {
    const onChange = vi.fn();
    render(<PromptField id="p" label="text" value="a cat" rules="default" onChange={onChange} />);
    const area = screen.getByRole("textbox") as HTMLTextAreaElement;
    area.setSelectionRange(2, 5);
    fireEvent.keyDown(area, { key: "ArrowUp", ctrlKey: true });
    expect(onChange.mock.calls).toEqual([["a (cat:1.05)", "end"]]);
  });

  it("count their tokens a little after the last letter, and show no number that is not known", async () => {
    vi.useFakeTimers();
    const countTokens = vi.fn(async (text: string) => ({ count: text.length, chunks: 1 }));
    const { rerender, container } = render(
      <PromptField id="p" label="text" value="ab" rules="default" countTokens={countTokens} onChange={() => {}} />,
    );
    rerender(
      <PromptField id="p" label="text" value="abc" rules="default" countTokens={countTokens} onChange={() => {}} />,
    );
    expect(container.querySelector("output")!.textContent).toBe("");
    await vi.advanceTimersByTimeAsync(1000);
    expect(countTokens.mock.calls).toEqual([["abc"]]);
    vi.useRealTimers();
  });
});

describe("a switch", () => {
  it("is turned by a press", () => {
    const onChange = vi.fn();
    render(<SwitchField id="w" label="tiled" value={false} onChange={onChange} />);
    fireEvent.click(screen.getByRole("switch", { name: "tiled" }));
    expect(onChange.mock.calls).toEqual([[true, "end"]]);
  });
});
