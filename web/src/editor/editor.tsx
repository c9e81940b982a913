import { ReactFlowProvider } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { KeyboardEvent, ReactElement } from "react";

import { HEADER } from "../document/geometry.ts";
import { t } from "../strings/index.ts";
import { editorActions } from "./actions.ts";
import type { Action } from "./actions.ts";
import { BoxSelection } from "./box_selection.tsx";
import { Breadcrumbs } from "./breadcrumbs.tsx";
import { CanvasLayer } from "./canvas_layer.tsx";
import { useWorkspace, WorkspaceContext } from "./context.ts";
import { Dragging } from "./dragging.ts";
import { Guides } from "./guides.tsx";
import { listenTo } from "./input_events.ts";
import { pressKey } from "./keys.ts";
import { Minimap } from "./minimap.tsx";
import { Overlays } from "./overlays.tsx";
import { Scene } from "./scene.ts";
import { GraphWindow } from "./window.tsx";
import { WindowModel } from "./window_model.ts";
import type { Workspace } from "./workspace.ts";
import { ZoomControls } from "./zoom_controls.tsx";

/** The graph of a tab, to be looked at and edited. */
export function Editor({ workspace }: { readonly workspace: Workspace }): ReactElement {
  return (
    <WorkspaceContext value={workspace}>
      <ReactFlowProvider>
        <Parts workspace={workspace} />
      </ReactFlowProvider>
    </WorkspaceContext>
  );
}

interface Machine {
  readonly scene: Scene;
  readonly model: WindowModel;
  readonly dragging: Dragging;
  readonly actions: readonly Action[];
}

function Parts({ workspace }: { readonly workspace: Workspace }): ReactElement {
  const root = useRef<HTMLDivElement>(null);
  const [machine, setMachine] = useState<Machine | null>(null);
  useEffect(() => {
    const { view } = workspace;
    const element = root.current!;
    const place = (): void => view.place(element.getBoundingClientRect());
    place();
    const observer = new ResizeObserver(place);
    observer.observe(element);
    const scene = new Scene(workspace);
    workspace.showGraph(scene.bounds());
    const model = new WindowModel(workspace, scene);
    const dragging = new Dragging(workspace, scene);
    setMachine({ scene, model, dragging, actions: editorActions(workspace) });
    const stopFollowing = workspace.followGraph(() => scene.bounds());
    return () => {
      stopFollowing();
      observer.disconnect();
      model.dispose();
      scene.dispose();
      workspace.rememberView();
    };
  }, [workspace]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (machine === null || event.defaultPrevented || event.nativeEvent.isComposing) return;
    if (event.key === "Escape" && machine.dragging.cancel()) return event.preventDefault();
    if (pressKey(root.current!, workspace, machine.actions, event.nativeEvent)) event.preventDefault();
  };
  return (
    <div
      ref={root}
      className="editor"
      role="application"
      aria-roledescription={t("editor.kind")}
      aria-label={t("editor.label")}
      tabIndex={0}
      style={{ "--node-head": `${HEADER}px` }}
      onKeyDown={onKeyDown}
    >
      {machine !== null && <Canvas {...machine} root={root} />}
      <Announcer />
      <span className="editor-end" tabIndex={0} role="note" aria-label={t("editor.end")} />
    </div>
  );
}

function Canvas({
  scene,
  model,
  dragging,
  actions,
  root,
}: Machine & { readonly root: { readonly current: HTMLDivElement | null } }): ReactElement {
  const workspace = useWorkspace();
  const { connecting, services } = workspace;
  const drawing = useSyncExternalStore(connecting.subscribe, () => connecting.current);
  const preferences = useSyncExternalStore(services.preferences.subscribe, () => services.preferences.get());
  useEffect(() => listenTo(root.current!, workspace, scene), [root, workspace, scene]);
  useEffect(() => {
    root.current!.toggleAttribute("data-connecting", drawing !== null);
  }, [root, drawing]);
  const box = useMemo(() => <BoxSelection root={root} scene={scene} />, [root, scene]);
  return (
    <>
      <CanvasLayer scene={scene} model={model} />
      <GraphWindow model={model} dragging={dragging} />
      <Guides dragging={dragging} />
      {box}
      <Breadcrumbs />
      {preferences.minimap && <Minimap scene={scene} />}
      <ZoomControls />
      <Overlays actions={actions} />
      {drawing?.tapped && (
        <p className="hint" role="status">
          {t("connect.tapped")}
        </p>
      )}
    </>
  );
}

/** Tells of what happened to those who cannot see it. */
function Announcer(): ReactElement {
  const { said } = useWorkspace();
  const text = useSyncExternalStore(said.subscribe, () => said.get());
  return (
    <div className="unseen" role="status" aria-live="polite">
      {text}
    </div>
  );
}
