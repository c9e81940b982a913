import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import type { KeyboardEvent, PointerEvent, ReactElement } from "react";

import { t } from "../../strings/index.ts";
import { Icon } from "../icon.tsx";
import type { IconName } from "../icon.tsx";
import { apply, draw, maskOf, withMask } from "./painting.ts";
import type { Dot, Operation, Stroke } from "./painting.ts";
import { readPixels } from "./pixels.ts";
import type { Pixels } from "./pixels.ts";
import { encodePng } from "./png.ts";

export interface MaskDialogProps {
  /** The picture's address. */
  readonly picture: string;
  readonly onSave: (picture: Blob) => Promise<void>;
  readonly onClose: () => void;
}

interface Done {
  readonly operations: readonly Operation[];
  readonly undone: readonly Operation[];
}
type Step = Operation | "undo" | "redo";

function follow({ operations, undone }: Done, step: Step): Done {
  if (step === "undo") return { operations: operations.slice(0, -1), undone: [...operations.slice(-1), ...undone] };
  if (step === "redo") return { operations: [...operations, ...undone.slice(0, 1)], undone: undone.slice(1) };
  return { operations: [...operations, step], undone: [] };
}

/** Paint on a picture what is to be made new. Saving gives the picture with the mask as its transparency. */
export function MaskDialog({ picture, onSave, onClose }: MaskDialogProps): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  const mask = useRef<HTMLCanvasElement>(null);
  const cursor = useRef<HTMLDivElement>(null);
  const stroke = useRef<{ readonly erase: boolean; readonly size: number; readonly dots: Dot[] } | null>(null);
  const [pixels, setPixels] = useState<Pixels | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [erasing, setErasing] = useState(false);
  const [size, setSize] = useState(48);
  const [saving, setSaving] = useState(false);
  const [done, dispatch] = useReducer(follow, { operations: [], undone: [] });

  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    let current = true;
    const load = async (): Promise<void> => {
      const read = await readPixels(await (await fetch(picture)).blob());
      if (current) setPixels(read);
      if (current) setSize(Math.max(8, Math.round(Math.max(read.width, read.height) / 12)));
    };
    load().catch((error: unknown) => setFault(t("mask.unreadable", { reason: String(error) })));
    return () => void (current = false);
  }, [picture]);

  const repaint = useCallback(() => {
    const paper = mask.current?.getContext("2d");
    if (!paper || pixels === null) return;
    paper.putImageData(new ImageData(maskOf(pixels.rgba) as Uint8ClampedArray<ArrayBuffer>, pixels.width), 0, 0);
    for (const operation of done.operations) apply(paper, operation);
  }, [pixels, done.operations]);
  useEffect(repaint, [repaint]);

  const dotOf = (event: PointerEvent): Dot => {
    const { left, top, width } = mask.current!.getBoundingClientRect();
    const scale = mask.current!.width / width;
    return { x: (event.clientX - left) * scale, y: (event.clientY - top) * scale };
  };
  const begin = (event: PointerEvent): void => {
    if (event.button !== 0 && event.button !== 2 && event.button !== 5) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    stroke.current = { erase: erasing || event.button !== 0, size, dots: [dotOf(event)] };
    paint(0);
  };
  const paint = (from: number): void => {
    const paper = mask.current?.getContext("2d");
    if (paper && stroke.current) draw(paper, { kind: "stroke", ...stroke.current }, from);
  };
  const move = (event: PointerEvent): void => {
    showCursor(event);
    if (stroke.current === null) return;
    const from = stroke.current.dots.length;
    stroke.current.dots.push(dotOf(event));
    paint(from);
  };
  const end = (): void => {
    if (stroke.current !== null) dispatch({ kind: "stroke", ...stroke.current } satisfies Stroke);
    stroke.current = null;
  };
  const showCursor = (event: PointerEvent): void => {
    const { width } = mask.current!.getBoundingClientRect();
    const diameter = (size * width) / mask.current!.width;
    const box = event.currentTarget.getBoundingClientRect();
    Object.assign(cursor.current!.style, {
      width: `${diameter}px`,
      height: `${diameter}px`,
      transform: `translate(${event.clientX - box.left - diameter / 2}px, ${event.clientY - box.top - diameter / 2}px)`,
    });
  };
  const save = async (): Promise<void> => {
    if (pixels === null) return;
    setSaving(true);
    const { width, height } = pixels;
    const painted = mask.current!.getContext("2d")!.getImageData(0, 0, width, height);
    try {
      await onSave(await encodePng(width, height, withMask(pixels.rgba, painted.data)));
      onClose();
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
      setSaving(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation();
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && key === "z") dispatch(event.shiftKey ? "redo" : "undo");
    else if (command && key === "y") dispatch("redo");
    else if (command && key === "enter") void save();
    else if (key === "b") setErasing(false);
    else if (key === "e") setErasing(true);
    else if (key === "[") setSize(Math.max(1, Math.round(size / 1.2)));
    else if (key === "]") setSize(Math.min(1024, Math.round(size * 1.2) + 1));
    else return;
    event.preventDefault();
  };
  const most = pixels === null ? 512 : Math.max(pixels.width, pixels.height);
  return (
    <dialog ref={dialog} className="mask-dialog" aria-label={t("mask.title")} onClose={onClose} onKeyDown={onKeyDown}>
      <header>
        <h2>{t("mask.title")}</h2>
        <div role="toolbar" aria-label={t("mask.tools")}>
          <Tool icon="brush" label={t("mask.brush")} pressed={!erasing} onClick={() => setErasing(false)} />
          <Tool icon="eraser" label={t("mask.eraser")} pressed={erasing} onClick={() => setErasing(true)} />
          <label>
            {t("mask.size")}
            <input
              type="range"
              min={1}
              max={most}
              value={size}
              onChange={(event) => setSize(Number(event.target.value))}
            />
            <output>{size}</output>
          </label>
          <Tool
            icon="undo"
            label={t("mask.undo")}
            disabled={!done.operations.length}
            onClick={() => dispatch("undo")}
          />
          <Tool icon="redo" label={t("mask.redo")} disabled={!done.undone.length} onClick={() => dispatch("redo")} />
          <Tool icon="invert" label={t("mask.invert")} onClick={() => dispatch({ kind: "invert" })} />
          <Tool icon="trash" label={t("mask.clear")} onClick={() => dispatch({ kind: "clear" })} />
        </div>
      </header>
      <div
        className="easel"
        style={pixels === null ? undefined : { "--ratio": pixels.width / pixels.height }}
        onPointerDown={begin}
        onPointerMove={move}
        onPointerUp={end}
        onPointerCancel={end}
        onContextMenu={(event) => event.preventDefault()}
      >
        {pixels === null ? (
          fault === null && <p>{t("mask.loading")}</p>
        ) : (
          <>
            <Opaque pixels={pixels} />
            <canvas
              ref={mask}
              width={pixels.width}
              height={pixels.height}
              className="mask"
              aria-label={t("mask.canvas")}
              role="img"
            />
          </>
        )}
        <div ref={cursor} className="cursor" />
      </div>
      <footer>
        {fault !== null && <p role="alert">{fault}</p>}
        <p>{t("mask.hint")}</p>
        <button type="button" onClick={onClose}>
          {t("mask.cancel")}
        </button>
        <button type="button" className="primary" disabled={pixels === null || saving} onClick={() => void save()}>
          {t("mask.save")}
        </button>
      </footer>
    </dialog>
  );
}

/** The picture without its transparency, so that what is masked can be seen. */
function Opaque({ pixels }: { readonly pixels: Pixels }): ReactElement {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const opaque = pixels.rgba.slice();
    for (let at = 3; at < opaque.length; at += 4) opaque[at] = 255;
    canvas.current
      ?.getContext("2d")
      ?.putImageData(new ImageData(opaque as Uint8ClampedArray<ArrayBuffer>, pixels.width), 0, 0);
  }, [pixels]);
  return <canvas ref={canvas} width={pixels.width} height={pixels.height} aria-hidden="true" />;
}

function Tool(props: {
  readonly icon: IconName;
  readonly label: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly onClick: () => void;
}): ReactElement {
  const { icon, label, pressed, disabled = false, onClick } = props;
  return (
    <button type="button" title={label} aria-label={label} aria-pressed={pressed} disabled={disabled} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}
