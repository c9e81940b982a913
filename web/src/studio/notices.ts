/** Short messages at the edge of the page: what happened, and one thing that can be done about it. */

import { Topic } from "../editor/topic.ts";

export interface Notice {
  readonly id: number;
  readonly kind: "done" | "warning" | "error";
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

const SHOWN = { done: 4000, warning: 9000, error: 0 };
const MOST = 4;

export class Notices extends Topic<readonly Notice[]> {
  private next = 1;

  constructor() {
    super([]);
  }

  /** Errors stay until they are closed. */
  tell(kind: Notice["kind"], text: string, action?: Notice["action"]): void {
    const notice: Notice = { id: this.next++, kind, text, ...(action === undefined ? {} : { action }) };
    const others = this.get().filter((shown) => shown.text !== text);
    this.set([...others, notice].slice(-MOST));
    if (SHOWN[kind] > 0) setTimeout(() => this.close(notice.id), SHOWN[kind]);
  }

  close(id: number): void {
    this.set(this.get().filter((notice) => notice.id !== id));
  }
}
