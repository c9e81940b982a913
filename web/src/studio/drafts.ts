/** Keeps every open document on the server, soon after each change, so that nothing is lost by a reload or a crash. */

import { ApiError } from "../api/client.ts";
import { drafts } from "../api/routes.ts";
import { parseJson, writeJson } from "../document/json.ts";
import type { Members } from "../document/types.ts";
import { writeDocument } from "../files/patchbay.ts";
import type { Tab } from "./tab.ts";

const PAUSE = 700;
const AGAIN = 5000;
const UNSENT = "patchbay.unsent.";

export class DraftKeeper {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private writing: Promise<void> | null = null;
  private kept = -1;
  private readonly unsubscribe: () => void;

  constructor(
    private readonly tab: Tab,
    private readonly storage: Pick<Storage, "setItem" | "removeItem"> = localStorage,
  ) {
    this.kept = tab.revision === null || unsent(tab.id) !== null ? -1 : tab.store.revision;
    this.unsubscribe = tab.store.subscribe((change) => change !== null && this.later(PAUSE));
  }

  /** Write now what is not written yet. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    if (this.tab.conflict.get() || this.kept === this.tab.store.revision) return;
    if (this.writing !== null) {
      await this.writing;
      return this.flush();
    }
    this.writing = this.write();
    await this.writing;
    this.writing = null;
  }

  /** Write over what another window wrote. */
  async insist(): Promise<void> {
    const { revision } = await drafts.get(this.tab.id);
    this.tab.revision = revision;
    this.tab.conflict.set(false);
    this.kept = -1;
    await this.flush();
  }

  /** The page goes: what was not sent yet is left in the browser, where the next visit finds it. */
  leave(): void {
    clearTimeout(this.timer);
    if (this.kept !== this.tab.store.revision && !this.tab.conflict.get()) this.leaveBehind();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.unsubscribe();
  }

  private later(pause: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), pause);
  }

  private async write(): Promise<void> {
    const { tab } = this;
    const revision = tab.store.revision;
    try {
      tab.revision = (await drafts.put(tab.id, writeDocument(tab.store.document), tab.revision)).revision;
      this.kept = revision;
      this.storage.removeItem(UNSENT + tab.id);
    } catch (error) {
      if (error instanceof ApiError && (error.status === 409 || error.status === 412)) tab.conflict.set(true);
      else {
        this.leaveBehind();
        this.later(AGAIN);
      }
    }
  }

  private leaveBehind(): void {
    this.storage.setItem(UNSENT + this.tab.id, unsentText(this.tab));
  }
}

/** What an earlier visit could not send of this draft. */
export function unsent(id: string, storage: Pick<Storage, "getItem"> = localStorage): Unsent | null {
  const text = storage.getItem(UNSENT + id);
  return text === null ? null : (parseJson(text) as Unsent);
}

export interface Unsent {
  readonly revision: number | null;
  readonly document: Members;
}

function unsentText(tab: Tab): string {
  return writeJson({ revision: tab.revision, document: writeDocument(tab.store.document) });
}
