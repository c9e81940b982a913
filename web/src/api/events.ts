/** The server's events over one WebSocket: reconnects by itself and asks for what was missed, by sequence number. */

import { parseJson } from "../document/json.ts";
import { address } from "./client.ts";
import type { Preview, ServerEvent } from "./types.ts";

export type Connection = "connecting" | "connected" | "lost";

export interface Listener {
  readonly event: (event: ServerEvent) => void;
  readonly preview: (preview: Preview) => void;
  readonly connection: (state: Connection) => void;
}

const FIRST_DELAY = 250;
const LONGEST_DELAY = 8000;

/** Read events until `close()`. Each one with a sequence number arrives once and in order. */
export class EventStream {
  private socket: WebSocket | null = null;
  private delay = FIRST_DELAY;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(
    private readonly listener: Listener,
    private seen: number | null = null,
    private readonly open: (url: string) => WebSocket = (url) => new WebSocket(url),
  ) {
    this.connect();
    globalThis.addEventListener("online", this.connectNow);
  }

  /** Whether previews are wanted: none are made while nobody looks. */
  watch(previews: boolean): void {
    this.wanted = previews;
    if (this.socket?.readyState === WebSocket.OPEN) this.ask();
  }

  /** The server's newest number: a smaller one than was seen means that it begins anew. */
  standing(seq: number): void {
    if (this.seen === null || seq < this.seen) this.seen = seq;
  }

  close(): void {
    this.closed = true;
    globalThis.removeEventListener("online", this.connectNow);
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private wanted = true;

  private readonly connectNow = (): void => {
    if (this.socket !== null) return;
    clearTimeout(this.timer);
    this.connect();
  };

  private connect(): void {
    this.listener.connection("connecting");
    const url = new URL(address("/socket", { after: this.seen }), globalThis.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = this.open(url.href);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.delay = FIRST_DELAY;
      this.listener.connection("connected");
      this.ask();
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === "string") this.take(parseJson(data) as ServerEvent);
      else this.listener.preview(readPreview(data));
    };
    socket.onclose = () => {
      this.socket = null;
      if (this.closed) return;
      this.listener.connection("lost");
      this.timer = setTimeout(() => this.connect(), this.delay);
      this.delay = Math.min(LONGEST_DELAY, this.delay * 2);
    };
  }

  private ask(): void {
    this.socket?.send(JSON.stringify({ watch: { jobs: "all", previews: this.wanted } }));
  }

  private take(event: ServerEvent): void {
    if (event.type === "lagged") {
      this.seen = Number(event.data["seq"]);
      this.listener.connection("connected"); // it fell too far behind: the state of things is asked for anew
      return;
    }
    if (event.job === undefined) return; // an answer to what this client said
    if (event.seq !== null) {
      if (this.seen !== null && event.seq <= this.seen) return;
      this.seen = event.seq;
    }
    this.listener.event(event);
  }
}

/** A binary frame: u32 length of its JSON (big endian), the JSON, the picture. */
export function readPreview(frame: ArrayBuffer): Preview {
  const length = new DataView(frame).getUint32(0);
  const members = JSON.parse(new TextDecoder().decode(new Uint8Array(frame, 4, length))) as Record<string, string>;
  return {
    job: members["job"]!,
    node: members["node"]!,
    picture: new Blob([new Uint8Array(frame, 4 + length)], { type: members["media_type"] ?? "image/jpeg" }),
  };
}
