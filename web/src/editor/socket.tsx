import { Handle, Position } from "@xyflow/react";
import { useContext, useSyncExternalStore } from "react";
import type { MouseEvent, ReactElement } from "react";

import type { End } from "./connecting.ts";
import { handleOf } from "./connecting.ts";
import { useWorkspace } from "./context.ts";
import { EndsOutside } from "./ends_outside.ts";
import { socketColor, socketImage } from "./sockets.ts";
import { socketInk } from "./theme.ts";

export interface SocketProps {
  readonly end: End;
  readonly socket: string;
  readonly label: string;
  /** From the upper edge of the element that it stands in. */
  readonly y: number;
  readonly linked: boolean;
  readonly lazy?: boolean;
  readonly missing?: boolean;
  /** Shown when it is looked for: of a row that has a widget. */
  readonly widget?: boolean;
}

/** A socket: its colour and shape tell its type. Wires are dragged from it, or made by tapping one and then another. */
export function Socket({ end, socket, label, y, linked, lazy, missing, widget }: SocketProps): ReactElement {
  const { connecting } = useWorkspace();
  const look = useSyncExternalStore(connecting.subscribe, () => connecting.look(end));
  const ink = useSyncExternalStore(socketInk.subscribe, () => socketInk.get());
  const led = useContext(EndsOutside).split("\n").includes(handleOf(end));
  const image = socketImage(socket, ink, { linked: linked || led, lazy: lazy === true, missing: missing === true });
  const isInput = end.input !== undefined;
  const onClick = (event: MouseEvent): void => {
    event.stopPropagation();
    connecting.tap(end);
  };
  return (
    <Handle
      id={handleOf(end)}
      type={isInput ? "target" : "source"}
      position={isInput ? Position.Left : Position.Right}
      className="socket"
      style={{
        top: y,
        left: isInput ? 0 : "100%",
        right: "auto",
        "--socket": socketColor(socket),
        backgroundImage: image,
      }}
      title={`${label}: ${socket}`}
      aria-hidden="true" // wires are made by keyboard in connect mode, which lists the sockets by name
      data-linked={linked || led || undefined}
      data-lazy={lazy || undefined}
      data-missing={missing || undefined}
      data-widget={widget || undefined}
      data-fits={look === "fits" || undefined}
      data-start={look === "start" || undefined}
      onClick={onClick}
    />
  );
}
