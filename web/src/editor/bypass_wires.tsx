import type { ReactElement } from "react";

import { standIn } from "../document/bypass.ts";
import { inputPlace, outputPlace } from "../document/geometry.ts";
import type { GraphNode, NodeSpec } from "../document/types.ts";
import { socketColor } from "./sockets.ts";
import { wirePath } from "./wire.tsx";

/** What passes through a bypassed node, drawn from its inputs to its outputs. */
export function BypassWires({ node, spec }: { readonly node: GraphNode; readonly spec: NodeSpec }): ReactElement {
  return (
    <svg className="bypass-wires" aria-hidden="true">
      {spec.outputs.map(({ socket }, output) => {
        const input = standIn(spec, output);
        if (input === undefined) return null;
        const from = inputPlace(node, spec, input);
        const to = outputPlace(node, spec, output);
        const path = wirePath(from.x - node.x + 8, from.y - node.y, to.x - node.x - 8, to.y - node.y);
        return <path key={output} d={path} style={{ stroke: socketColor(socket) }} />;
      })}
    </svg>
  );
}
