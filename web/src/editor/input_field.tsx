import { useState, useSyncExternalStore } from "react";
import type { ReactElement } from "react";

import { models, tokens } from "../api/routes.ts";
import type { PromptRules } from "../document/prompt_text.ts";
import type { Control, GraphNode, InputSpec, Literal, NodeId, Value } from "../document/types.ts";
import { useWorkspace } from "./context.ts";
import { uploadInto } from "./editing.ts";
import { ChoiceField } from "./widgets/choice_field.tsx";
import { ColorField } from "./widgets/color_field.tsx";
import type { Phase } from "./widgets/field.ts";
import { ImageField } from "./widgets/image_field.tsx";
import { NumberField, unbounded } from "./widgets/number_field.tsx";
import type { Bounds, Whole } from "./widgets/numbers.ts";
import { PromptField } from "./widgets/prompt_field.tsx";
import { SEED, SeedField } from "./widgets/seed_field.tsx";
import { SwitchField } from "./widgets/switch_field.tsx";
import { TextField } from "./widgets/text_field.tsx";

export interface InputFieldProps {
  readonly node: NodeId;
  readonly input: InputSpec;
  readonly label: string;
  readonly value: Value | undefined;
  readonly control: Control | undefined;
  /** Whether the text is a prompt, which has marks and tokens. */
  readonly prompt: boolean;
  /** The id of the sentence that says what is wrong. */
  readonly fault: string | undefined;
  readonly onChange: (value: Literal, phase: Phase) => void;
  readonly onControl: (control: Control) => void;
}

const THUMBNAILS: ReadonlySet<string> = new Set([
  "checkpoints",
  "loras",
  "diffusion_models",
  "upscale_models",
  "controlnet",
]);
const WHITE = 0xffffff;

/** The widget that the node list asks for, with what is written in an input. Literal lists and objects are shown as they are. */
export function InputField({
  node,
  input,
  label,
  value,
  control,
  prompt,
  fault,
  onChange,
  onControl,
}: InputFieldProps): ReactElement {
  const workspace = useWorkspace();
  const { name, widget } = input;
  const literal = literalOf(input, value);
  const field = { id: fieldId(node, name), label, problem: fault, onChange };
  if (typeof literal === "object" && literal !== null) {
    return <PlainField label={label} text={JSON.stringify(literal)} />;
  }
  switch (widget?.kind) {
    case "Seed":
      return (
        <SeedField
          {...field}
          value={numberOf(literal)}
          bounds={SEED}
          control={control ?? "fixed"}
          onControl={onControl}
          last={workspace.lastSeed(node, name)}
        />
      );
    case "Range":
      if (name === "color" && widget.high === WHITE) return <ColorField {...field} value={Number(numberOf(literal))} />;
      return <NumberField {...field} value={numberOf(literal)} bounds={boundsOf(input)} />;
    case "Text":
      if (!widget.multiline) return <TextField {...field} value={textOf(literal)} />;
      return (
        <PromptField
          {...field}
          value={textOf(literal)}
          countTokens={prompt ? tokens : undefined}
          rules={prompt ? rulesOf(workspace.node(node)) : undefined}
        />
      );
    case "Choice":
      return (
        <SourceField
          {...field}
          source={widget.source}
          node={node}
          input={name}
          value={literal === null ? null : textOf(literal)}
        />
      );
    case "Options":
      return <ChoiceField {...field} options={widget.values} value={literal as string | number | null} />;
    case undefined:
      if (input.socket === "BOOLEAN") return <SwitchField {...field} value={literal === true} />;
      if (input.socket === "STRING") return <TextField {...field} value={textOf(literal)} />;
      return <NumberField {...field} value={numberOf(literal)} bounds={unbounded(input.socket === "INT")} />;
  }
}

interface SourceFieldProps {
  readonly id: string;
  readonly label: string;
  readonly node: NodeId;
  readonly input: string;
  readonly source: string;
  readonly value: string | null;
  readonly problem: string | undefined;
  readonly onChange: (value: Literal, phase: Phase) => void;
}

/** A choice among names that the server lists; pictures of the input folder can be added to it. */
function SourceField({ node, input, source, ...field }: SourceFieldProps): ReactElement {
  const workspace = useWorkspace();
  const { choices } = workspace.services;
  const options = useSyncExternalStore(choices.subscribe, () => choices.get(source));
  const [pictured, setPictured] = useState<ReadonlySet<string>>(new Set());
  const onOpen = (): void => {
    void choices.refresh(source);
    if (THUMBNAILS.has(source)) void withPicture(source).then(setPictured);
  };
  if (source === "images") {
    return (
      <ImageField
        {...field}
        options={options}
        onOpen={onOpen}
        thumbnail={workspace.services.inputPicture}
        onUpload={(file) => void uploadInto(workspace, node, input, file)}
        onPaint={() => workspace.overlay.set({ kind: "mask", node, input })}
      />
    );
  }
  const thumbnail = (name: string): string | null => (pictured.has(name) ? models.previewAddress(source, name) : null);
  return (
    <ChoiceField
      {...field}
      options={options}
      onOpen={onOpen}
      thumbnail={THUMBNAILS.has(source) ? thumbnail : undefined}
    />
  );
}

/** The models of a kind that a picture lies beside. */
async function withPicture(kind: string): Promise<ReadonlySet<string>> {
  try {
    const { models: files } = await models.list(kind);
    return new Set(files.flatMap(({ name, preview }) => (preview === null ? [] : [name])));
  } catch {
    return new Set(); // the connection's own state tells that the server cannot be reached
  }
}

/** A value that is shown and not written here. */
export function PlainField({
  label,
  text,
  area = false,
}: {
  readonly label: string;
  readonly text: string;
  readonly area?: boolean;
}): ReactElement {
  return (
    <div className="field plain" data-area={area || undefined}>
      {!area && <span className="socket-name">{label}</span>}
      <span>{text}</span>
    </div>
  );
}

/** The id of the element that takes the focus for an input of a node. */
export function fieldId(node: NodeId, input: string): string {
  return `field-${node}-${input}`;
}

export function literalOf(input: InputSpec, value: Value | undefined): Literal {
  return value !== undefined && "literal" in value ? value.literal : input.default;
}

/** By which rules a node reads its prompts: ours, unless it is told A1111's. */
function rulesOf(node: GraphNode | undefined): PromptRules {
  const value = node?.inputs["rules"];
  return value !== undefined && "literal" in value && value.literal === "a1111" ? "a1111" : "default";
}

function boundsOf({ socket, widget }: InputSpec): Bounds {
  if (widget?.kind !== "Range") return unbounded(socket === "INT");
  const whole = socket === "INT";
  return { whole, low: widget.low, high: widget.high, step: widget.step ?? (whole ? 1 : 0.1) };
}

/** What a file holds in a number's place is shown as 0 until something is typed; the problem list says what is wrong. */
function numberOf(literal: Literal): Whole {
  if (typeof literal === "bigint" || typeof literal === "number") return literal;
  const number = Number(literal);
  return Number.isFinite(number) ? number : 0;
}

function textOf(literal: Literal): string {
  return literal === null ? "" : String(literal as string | number);
}
