import { memo } from "react";
import type { ReactElement } from "react";

import type { NodeProps } from "@xyflow/react";

import type { NodeRun } from "../api/run.ts";
import type { Problem } from "../api/types.ts";
import { HEADER, shapeOf } from "../document/geometry.ts";
import type { Row } from "../document/geometry.ts";
import { REROUTE } from "../document/reroute.ts";
import { inputsOf } from "../document/specs.ts";
import { isLinked } from "../document/wires.ts";
import type { GraphNode, NodeSpec } from "../document/types.ts";
import { t } from "../strings/index.ts";
import { BypassWires } from "./bypass_wires.tsx";
import { useDetail, useNode, useProblems, useRun, useWorkspace } from "./context.ts";
import type { Detail } from "./context.ts";
import { Corner } from "./frames.tsx";
import { EndsOutside, useEndsOutside } from "./ends_outside.ts";
import { Icon } from "./icon.tsx";
import { NodeHead } from "./node_head.tsx";
import { NodePicture } from "./node_picture.tsx";
import { PlanLabel } from "./plan.tsx";
import { Socket } from "./socket.tsx";
import { labelOf, WidgetRow } from "./widget_row.tsx";

/** One node on the canvas, laid out by what `geometry` says of its type. */
export const NodeView = memo(function NodeView({ id, selected }: NodeProps): ReactElement | null {
  const workspace = useWorkspace();
  const node = useNode(id);
  const run = useRun(id);
  const problems = useProblems(id);
  const detail = useDetail();
  const outside = useEndsOutside(id);
  if (node === undefined) return null;
  const spec = workspace.spec(node);
  if (node.type === REROUTE) return <RerouteView node={node} selected={selected} />;
  const fault = wholeFault(run, problems);
  const errors = problems.some(({ severity }) => severity === "error");
  return (
    <article
      className="node"
      id={`node-${id}`}
      tabIndex={-1}
      aria-label={sentence(workspace.titleOf(node), node, run, errors)}
      data-node={id}
      data-selected={selected || undefined}
      data-mode={node.mode}
      data-state={run?.state}
      data-faulty={errors || undefined}
      data-collapsed={node.collapsed || undefined}
      data-unknown={workspace.specs.get(node.type) === undefined || undefined}
      style={node.color === undefined ? undefined : { "--tint": node.color, "--tint-part": "45%" }}
    >
      <NodeHead node={node} spec={spec} run={run} />
      <EndsOutside value={outside}>
        {node.collapsed ? (
          <CollapsedSockets node={node} spec={spec} />
        ) : (
          <Body {...{ node, spec, run, problems, detail }} />
        )}
      </EndsOutside>
      {!node.collapsed && <Corner id={id} />}
      {node.mode === "bypass" && !node.collapsed && <BypassWires node={node} spec={spec} />}
      <PlanLabel id={id} />
      {fault !== null && (
        <p className="node-fault" role="alert" data-severity={fault.severity}>
          <Icon name={fault.severity} />
          {fault.message}
        </p>
      )}
    </article>
  );
});

type Fault = Pick<Problem, "message" | "severity">;

interface BodyProps {
  readonly node: GraphNode;
  readonly spec: NodeSpec;
  readonly run: NodeRun | undefined;
  readonly problems: readonly Problem[];
  readonly detail: Detail;
}

function Body({ node, spec, run, problems, detail }: BodyProps): ReactElement {
  const workspace = useWorkspace();
  const { rows, preview } = shapeOf(node, spec);
  const prompt = spec.inputs.some(({ socket }) => socket === "CLIP");
  const problemAt = (input: string): Fault | null =>
    run?.state === "failed" && run.input === input && run.message !== null
      ? { message: run.message, severity: "error" }
      : (problems.find((problem) => problem.input === input) ?? null);
  return (
    <>
      {rows.map((row) =>
        row.widget && row.input !== null ? (
          <WidgetRow
            key={row.input.name}
            node={node.id}
            input={row.input}
            value={node.inputs[row.input.name]}
            control={node.controls?.[row.input.name]}
            y={row.y}
            height={row.height}
            prompt={prompt}
            plain={detail !== "full"}
            problem={problemAt(row.input.name)?.message ?? null}
            severity={problemAt(row.input.name)?.severity ?? "error"}
            shown={run?.state === "failed" && run.input === row.input.name}
          />
        ) : (
          <SocketRow
            key={row.y}
            node={node}
            spec={spec}
            row={row}
            problem={row.input === null ? null : problemAt(row.input.name)}
          />
        ),
      )}
      {preview !== null && <NodePicture node={node} spec={spec} run={run} place={preview} />}
      {preview === null && run?.preview != null && (
        <img className="node-preview" src={run.preview} alt={t("node.preview", { node: workspace.titleOf(node) })} />
      )}
    </>
  );
}

function SocketRow(props: {
  readonly node: GraphNode;
  readonly spec: NodeSpec;
  readonly row: Row;
  readonly problem: Fault | null;
}): ReactElement {
  const { node, spec, row, problem } = props;
  const workspace = useWorkspace();
  const { input } = row;
  const output = row.output === null ? undefined : spec.outputs[row.output];
  return (
    <div className="socket-row" style={{ top: row.y, height: row.height }}>
      {input !== null && (
        <>
          <Socket
            end={{ node: node.id, input: input.name }}
            socket={input.socket}
            label={labelOf(input)}
            y={row.height / 2}
            linked={isLinked(node, input.name)}
            lazy={input.lazy}
            missing={problem?.severity === "error"}
          />
          <span
            className="socket-name"
            title={problem?.message ?? (input.tip || undefined)}
            data-faulty={problem?.severity}
            data-optional={!input.required || undefined}
          >
            {labelOf(input)}
          </span>
        </>
      )}
      {output !== undefined && (
        <>
          <span className="socket-name output">{output.name.replaceAll("_", " ")}</span>
          <Socket
            end={{ node: node.id, output: row.output! }}
            socket={output.socket}
            label={output.name}
            y={row.height / 2}
            linked={workspace.store.graph().wires.readers(node.id).size > 0}
          />
        </>
      )}
    </div>
  );
}

/** A collapsed node keeps its sockets, all at one place with the first of them above, so that its wires hold. */
function CollapsedSockets({ node, spec }: { readonly node: GraphNode; readonly spec: NodeSpec }): ReactElement {
  const linked = inputsOf(node, spec).filter(({ name }) => isLinked(node, name));
  const outputs = spec.outputs.map((output, index) => ({ ...output, index }));
  return (
    <>
      {linked.toReversed().map((input) => (
        <Socket
          key={input.name}
          end={{ node: node.id, input: input.name }}
          socket={input.socket}
          label={labelOf(input)}
          y={HEADER / 2}
          linked
        />
      ))}
      {outputs.toReversed().map(({ name, socket, index }) => (
        <Socket key={index} end={{ node: node.id, output: index }} socket={socket} label={name} y={HEADER / 2} linked />
      ))}
    </>
  );
}

function RerouteView({ node, selected }: { readonly node: GraphNode; readonly selected: boolean }): ReactElement {
  const workspace = useWorkspace();
  const socket = workspace.socketAt({ node: node.id, output: 0 });
  const [input] = workspace.spec(node).inputs;
  return (
    <article
      className="reroute"
      id={`node-${node.id}`}
      tabIndex={-1}
      aria-label={t("node.reroute", { socket })}
      data-node={node.id}
      data-selected={selected || undefined}
    >
      <Socket
        end={{ node: node.id, input: input!.name }}
        socket={socket}
        label=""
        y={12}
        linked={isLinked(node, input!.name)}
      />
      <Socket end={{ node: node.id, output: 0 }} socket={socket} label="" y={12} linked />
    </article>
  );
}

/** What is wrong with the node as a whole rather than with one of its inputs. */
function wholeFault(run: NodeRun | undefined, problems: readonly Problem[]): Fault | null {
  if (run?.state === "failed" && run.message !== null && run.input === null)
    return { message: run.message, severity: "error" };
  const whole = problems.filter(({ input }) => input === null);
  return whole.find(({ severity }) => severity === "error") ?? whole[0] ?? null;
}

/** The node as it is read out. */
function sentence(title: string, node: GraphNode, run: NodeRun | undefined, faulty: boolean): string {
  const parts = [title];
  if (node.mode !== "run") parts.push(t(`mode.${node.mode}`));
  if (node.collapsed) parts.push(t("node.collapsed"));
  if (run !== undefined) parts.push(t(`state.${run.state}`));
  if (faulty) parts.push(t("node.faulty"));
  return parts.join(", ");
}
