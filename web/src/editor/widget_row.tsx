import { memo, useCallback } from "react";
import type { ReactElement } from "react";

import type { Severity } from "../api/types.ts";
import { isMultiline, WIDGET_ROW } from "../document/geometry.ts";
import type { Control, InputSpec, Literal, NodeId, Value } from "../document/types.ts";
import { useWorkspace } from "./context.ts";
import { writeControl, writeInput } from "./editing.ts";
import { Icon } from "./icon.tsx";
import { InputField, literalOf, PlainField } from "./input_field.tsx";
import { Socket } from "./socket.tsx";
import { shortName } from "./widgets/choice_field.tsx";
import type { Phase } from "./widgets/field.ts";

export interface WidgetRowProps {
  readonly node: NodeId;
  readonly input: InputSpec;
  readonly value: Value | undefined;
  readonly control: Control | undefined;
  readonly y: number;
  readonly height: number;
  /** Whether the text is a prompt, which has marks and tokens. */
  readonly prompt: boolean;
  /** Without fields: what is written, as text. */
  readonly plain: boolean;
  readonly problem: string | null;
  readonly severity: Severity;
  /** Whether the problem stays in sight. */
  readonly shown: boolean;
}

/** One input that can be written: its widget, its socket, and what is wrong with it. */
export const WidgetRow = memo(function WidgetRow(props: WidgetRowProps): ReactElement {
  const { node, input, value, y, height, plain, problem, severity, shown } = props;
  const linked = value !== undefined && "link" in value;
  const fault = problem === null ? undefined : `${node}-${input.name}-fault`;
  return (
    <div
      className="widget-row"
      style={{ top: y, height }}
      data-shown={(shown && problem !== null) || undefined}
      data-severity={problem === null ? undefined : severity}
      title={input.tip || undefined}
    >
      <Socket
        end={{ node, input: input.name }}
        socket={input.socket}
        label={labelOf(input)}
        y={WIDGET_ROW / 2}
        linked={linked}
        widget
      />
      {linked ? <Linked {...props} /> : plain ? <Plain {...props} /> : <Widget {...props} fault={fault} />}
      {problem !== null && (
        <p id={fault} className="widget-fault" role={shown ? "alert" : undefined}>
          <Icon name={severity} />
          {problem}
        </p>
      )}
    </div>
  );
});

export function labelOf(input: Pick<InputSpec, "name">): string {
  return input.name.replaceAll("_", " ");
}

function Linked({ input }: WidgetRowProps): ReactElement {
  return (
    <div className="field plain linked">
      <span>{labelOf(input)}</span>
    </div>
  );
}

function Plain({ input, value }: WidgetRowProps): ReactElement {
  const literal = literalOf(input, value);
  const text =
    typeof literal === "object" && literal !== null ? JSON.stringify(literal) : shortName(String(literal ?? ""));
  return <PlainField label={labelOf(input)} text={text} area={isMultiline(input)} />;
}

function Widget({
  node,
  input,
  value,
  control,
  prompt,
  fault,
}: WidgetRowProps & { readonly fault: string | undefined }): ReactElement {
  const workspace = useWorkspace();
  const { name } = input;
  const onChange = useCallback(
    (next: Literal, phase: Phase) => writeInput(workspace, node, name, next, phase),
    [workspace, node, name],
  );
  const onControl = useCallback((next: Control) => writeControl(workspace, node, name, next), [workspace, node, name]);
  return <InputField {...{ node, input, value, control, prompt, fault, onChange, onControl }} label={labelOf(input)} />;
}
