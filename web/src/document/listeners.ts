/** Who wants to hear of what, by topic. */

export class Listeners<Said> {
  readonly #topics = new Map<string, Set<(said: Said) => void>>();

  add(topic: string, listener: (said: Said) => void): () => void {
    let listeners = this.#topics.get(topic);
    if (!listeners) this.#topics.set(topic, (listeners = new Set()));
    listeners.add(listener);
    return () => {
      const present = this.#topics.get(topic);
      present?.delete(listener);
      if (present?.size === 0) this.#topics.delete(topic);
    };
  }

  /** Call those of a topic; one that joins or leaves meanwhile changes nothing for the others. */
  tell(topic: string, said: Said): void {
    const listeners = this.#topics.get(topic);
    if (listeners) for (const listener of Array.from(listeners)) listener(said);
  }
}
