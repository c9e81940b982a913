import { useStore } from "@xyflow/react";
import type { ConnectionLineComponentProps, Edge, EdgeProps, ReactFlowState } from "@xyflow/react";
import { memo, useSyncExternalStore } from "react";
import type { ReactElement } from "react";

import { endOf } from "./connecting.ts";
import { useWorkspace } from "./context.ts";
import { Icon } from "./icon.tsx";
import { refusalText } from "./refusal.tsx";
import { socketColor } from "./sockets.ts";
import { t } from "../strings/index.ts";

export type WireEdge = Edge<{
  readonly output: number;
  readonly input: string;
  readonly socket: string;
  /** Whether one of its nodes does not run. */
  readonly idle: boolean;
}>;

/** How far a wire goes straight on before it turns. */
export function reach(fromX: number, toX: number): number {
  const across = toX - fromX;
  return across >= 0 ? Math.max(24, across / 2) : Math.min(220, 40 + Math.abs(across) / 3);
}

/** The curve of a wire as SVG path data. */
export function wirePath(fromX: number, fromY: number, toX: number, toY: number): string {
  const bend = reach(fromX, toX);
  return `M${fromX} ${fromY}C${fromX + bend} ${fromY} ${toX - bend} ${toY} ${toX} ${toY}`;
}

/** A wire between sockets. React Flow says when to draw it; where it goes, the geometry says without measuring. */
export const Wire = memo(function Wire({ source, target, data, selected }: EdgeProps<WireEdge>): ReactElement {
  const workspace = useWorkspace();
  const { output, input, socket, idle } = data!;
  const from = workspace.placeOf({ node: source, output });
  const to = workspace.placeOf({ node: target, input });
  const path = wirePath(from.x, from.y, to.x, to.y);
  return (
    <g className="wire" data-selected={selected || undefined} data-idle={idle || undefined}>
      <path className="react-flow__edge-interaction" d={path} />
      <path className="wire-edge" d={path} />
      <path className="wire-core" d={path} style={{ stroke: socketColor(socket) }} />
    </g>
  );
});

const hovered = (state: ReactFlowState): string | null => {
  const { toHandle } = state.connection;
  return toHandle?.id == null ? null : `${toHandle.nodeId}\n${toHandle.id}`;
};

/** The wire that is being drawn: red with the reason where it would be refused. */
export function DrawnWire({ toX, toY }: ConnectionLineComponentProps): ReactElement | null {
  const workspace = useWorkspace();
  const { connecting } = workspace;
  const drawing = useSyncExternalStore(connecting.subscribe, () => connecting.current);
  const over = useStore(hovered);
  if (drawing === null) return null;
  const [node, handle] = over?.split("\n") ?? [];
  const verdict = node !== undefined && handle !== undefined ? connecting.verdict(endOf(node, handle)) : null;
  const isSelf = verdict !== null && node === drawing.start.node && verdict.wire === null;
  const refused = verdict !== null && verdict.reason !== null && !isSelf;
  const start = workspace.placeOf(drawing.start);
  const backwards = drawing.start.input !== undefined;
  const path = backwards ? wirePath(toX, toY, start.x, start.y) : wirePath(start.x, start.y, toX, toY);
  const converter = refused ? verdict.converters[0] : undefined;
  return (
    <g className="wire drawn" data-refused={refused || undefined}>
      <path className="wire-edge" d={path} />
      <path
        className="wire-core"
        d={path}
        style={refused ? undefined : { stroke: socketColor(workspace.socketAt(drawing.start)) }}
      />
      {refused && (
        <foreignObject x={toX + 14} y={toY + 12} width={300} height={80} className="wire-reason">
          <div>
            <p>
              <Icon name="error" />
              {refusalText(verdict)}
            </p>
            {converter !== undefined && <p>{t("refused.drop", { node: converter.title })}</p>}
          </div>
        </foreignObject>
      )}
    </g>
  );
}
