/** What is wrong with the document: what the editor sees at once, then what the server says. */

import { ApiError } from "../api/client.ts";
import { documents } from "../api/routes.ts";
import { writeDocument } from "../files/patchbay.ts";
import { LocalCheck } from "./local_check.ts";
import type { Tab } from "./tab.ts";

const PAUSE = 350;

/** Check a tab's document after each change. Returns how to stop. */
export function keepChecked(tab: Tab): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = new AbortController();
  const check = async (): Promise<void> => {
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    try {
      const { problems } = await documents.check(writeDocument(tab.store.document), signal);
      if (!signal.aborted) tab.problems.set(problems);
    } catch (error) {
      if (error instanceof ApiError && error.problems.length > 0) tab.problems.set(error.problems);
      // else the server is away: what it said last stands until it is back
    }
  };
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void check(), PAUSE);
  };
  const local = new LocalCheck(tab);
  const unsubscribe = tab.store.subscribe((change) => {
    if (change === null) return;
    asked.abort(); // its answer would be about the document before this change
    local.follow(change);
    later();
  });
  void check();
  return () => {
    unsubscribe();
    clearTimeout(timer);
    asked.abort();
  };
}
