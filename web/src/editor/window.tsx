import { ConnectionMode, ReactFlow, useStoreApi } from "@xyflow/react";
import type { Edge, Node, NodeChange, OnConnectEnd, OnConnectStart, ReactFlowState } from "@xyflow/react";
import { useCallback, useEffect, useSyncExternalStore } from "react";
import type { MouseEvent, ReactElement } from "react";

import { insertReroute } from "../document/operations.ts";
import { t } from "../strings/index.ts";
import { endOf, sameEnd } from "./connecting.ts";
import { useWorkspace } from "./context.ts";
import type { Dragging } from "./dragging.ts";
import { dropOnNode, dropWire, finishWire } from "./editing.ts";
import { FrameView, NoteView } from "./frames.tsx";
import { NodeView } from "./node.tsx";
import { endAt } from "./spot_menu.ts";
import { FARTHEST, NEAREST } from "./view.ts";
import type { WindowModel } from "./window_model.ts";
import { DrawnWire, Wire } from "./wire.tsx";

const NODE_TYPES = { node: NodeView, frame: FrameView, note: NoteView };
const EDGE_TYPES = { wire: Wire };
const PAN_BUTTONS = [0, 1];
/** Milliseconds after the last step of a pan until the nodes are painted sharply in place again. */
const SETTLE = 200;

export interface GraphWindowProps {
  readonly model: WindowModel;
  readonly dragging: Dragging;
}

/** React Flow with what is near the view: it pans, zooms, drags nodes and draws wires; all else is the workspace's. */
export function GraphWindow({ model, dragging }: GraphWindowProps): ReactElement {
  const workspace = useWorkspace();
  const { connecting, store, overlay, view } = workspace;
  const { nodes, edges } = useSyncExternalStore(model.window.subscribe, () => model.window.get());
  const preferences = useSyncExternalStore(workspace.services.preferences.subscribe, () =>
    workspace.services.preferences.get(),
  );

  const onNodesChange = useCallback(
    (changes: NodeChange[]) => {
      for (const change of changes) if (change.type === "position" && change.position) dragging.move(change.position);
    },
    [dragging],
  );
  const onConnectStart: OnConnectStart = (_, { nodeId, handleId }) => {
    if (nodeId !== null && handleId !== null) connecting.start(endOf(nodeId, handleId));
  };
  const onConnectEnd: OnConnectEnd = (event, { toHandle }) => {
    const drawing = connecting.current;
    connecting.stop();
    if (drawing === null) return;
    const at = pointOf(event);
    const onNode = nodeAt(at);
    if (toHandle?.id != null) {
      const end = endOf(toHandle.nodeId, toHandle.id);
      const back = sameEnd(end, drawing.start) || (drawing.taken !== null && sameEnd(end, drawing.taken));
      if (!back) finishWire(workspace, drawing, end, at);
    } else if (onNode !== null) dropOnNode(workspace, drawing, onNode, at);
    else dropWire(workspace, drawing, at);
  };
  const chooseWire = (_: MouseEvent, edge: Edge): void => {
    workspace.selection.clear();
    workspace.wire.set(wireOfEdge(edge));
  };
  const bend = (event: MouseEvent, edge: Edge): void => {
    const place = view.toGraph({ x: event.clientX, y: event.clientY });
    const { to } = wireOfEdge(edge);
    store.edit(t("step.reroute"), (draft) => insertReroute(draft, to, { x: place.x - 12, y: place.y - 12 }));
  };
  const openMenu = (event: MouseEvent | globalThis.MouseEvent, on: string | null): void => {
    event.preventDefault();
    const at = { x: event.clientX, y: event.clientY };
    if (on !== null && !workspace.selection.has(on)) workspace.selection.set([on]);
    overlay.set({
      kind: "menu",
      at,
      place: view.toGraph(at),
      on,
      end: on === null ? undefined : endAt(event.target as Element, on),
    });
  };
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      connectionMode={ConnectionMode.Loose}
      connectionLineComponent={DrawnWire}
      connectionRadius={22}
      connectionDragThreshold={4}
      connectOnClick={false}
      nodeDragThreshold={3}
      minZoom={FARTHEST}
      maxZoom={NEAREST}
      panOnDrag={PAN_BUTTONS}
      panOnScroll={preferences.wheel === "pan"}
      zoomOnScroll={preferences.wheel === "zoom"}
      zoomOnDoubleClick={false}
      elementsSelectable={false}
      nodesFocusable={false}
      edgesFocusable={false}
      disableKeyboardA11y
      deleteKeyCode={null}
      selectionKeyCode={null}
      multiSelectionKeyCode={null}
      elevateNodesOnSelect={false}
      attributionPosition="bottom-left"
      onNodesChange={onNodesChange}
      onNodeDragStart={(_, node) => dragging.begin(node.id)}
      onNodeDragStop={(event) => dragging.end(wireAt(pointOf(event as unknown as globalThis.MouseEvent | TouchEvent)))}
      onConnectStart={onConnectStart}
      onConnectEnd={onConnectEnd}
      onEdgeClick={chooseWire}
      onEdgeDoubleClick={bend}
      onEdgeContextMenu={(event, edge) => {
        event.preventDefault();
        const at = { x: event.clientX, y: event.clientY };
        workspace.wire.set(wireOfEdge(edge));
        overlay.set({ kind: "wire", at, place: view.toGraph(at), wire: wireOfEdge(edge) });
      }}
      onNodeContextMenu={(event, node: Node) => openMenu(event, node.id)}
      onPaneContextMenu={(event) => openMenu(event, null)}
    >
      <Following />
    </ReactFlow>
  );
}

/** Keeps the view in step with React Flow, whoever moved it. */
function Following(): null {
  const { view } = useWorkspace();
  const flow = useStoreApi();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const settle = (): void => {
      timer = undefined;
      flow.getState().domNode?.removeAttribute("data-panning");
    };
    const follow = ({ transform: [x, y, zoom], domNode }: ReactFlowState): void => {
      if (zoom === view.zoom && (x !== view.current.x || y !== view.current.y)) {
        if (timer === undefined) domNode?.setAttribute("data-panning", "");
        clearTimeout(timer);
        timer = setTimeout(settle, SETTLE);
      } else if (zoom !== view.zoom && timer !== undefined) {
        clearTimeout(timer);
        settle();
      }
      view.follow({ x, y, zoom });
    };
    const detach = view.attach({
      setViewport: ({ x, y, zoom }, options) => void flow.getState().panZoom?.setViewport({ x, y, zoom }, options),
    });
    const stop = flow.subscribe(follow);
    return () => {
      clearTimeout(timer);
      stop();
      detach();
    };
  }, [view, flow]);
  return null;
}

function wireOfEdge({ source, sourceHandle, target, targetHandle }: Edge): {
  readonly from: { readonly node: string; readonly output: number };
  readonly to: { readonly node: string; readonly input: string };
} {
  return {
    from: { node: source, output: Number(sourceHandle!.slice(4)) },
    to: { node: target, input: targetHandle!.slice(3) },
  };
}

function pointOf(event: globalThis.MouseEvent | TouchEvent): { x: number; y: number } {
  const { clientX, clientY } = "changedTouches" in event ? event.changedTouches[0]! : event;
  return { x: clientX, y: clientY };
}

/** The node whose body is at a place on the page. */
function nodeAt({ x, y }: { x: number; y: number }): string | null {
  const node = document.elementFromPoint(x, y)?.closest("[data-node]");
  return node?.getAttribute("data-node") ?? null;
}

/** The wire below whatever else is at a place on the page. */
function wireAt({ x, y }: { x: number; y: number }): { node: string; input: string } | null {
  const edge = document.elementsFromPoint(x, y).find((element) => element.closest(".react-flow__edge") !== null);
  const id = edge?.closest(".react-flow__edge")?.getAttribute("data-id") ?? null;
  if (id === null) return null;
  const [node, input] = id.split("\n") as [string, string];
  return { node, input };
}
