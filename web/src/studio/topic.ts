import { useSyncExternalStore } from "react";

import type { Topic } from "../editor/topic.ts";

/** The value of a topic, for as long as a component shows it. */
export function useTopic<T>(topic: Topic<T>): T {
  return useSyncExternalStore(topic.subscribe, () => topic.get());
}
