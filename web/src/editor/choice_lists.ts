/** The names that choices offer, by source: from the node list first, asked for again when a list is opened. */

type Fetch = (source: string) => Promise<readonly string[]>;

const NONE: readonly string[] = [];
/** Milliseconds during which a list that was asked for is good enough. */
const FRESH = 3000;

export class ChoiceLists {
  private readonly lists: Map<string, readonly string[]>;
  private readonly asked = new Map<string, number>();
  private readonly listeners = new Set<() => void>();

  constructor(
    lists: Readonly<Record<string, readonly string[]>>,
    private readonly fetch: Fetch,
  ) {
    this.lists = new Map(Object.entries(lists));
  }

  get(source: string): readonly string[] {
    return this.lists.get(source) ?? NONE;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Ask the server again. Where it does not answer, the list stays as it was. */
  async refresh(source: string): Promise<void> {
    const now = Date.now();
    if (now - (this.asked.get(source) ?? -Infinity) < FRESH) return;
    this.asked.set(source, now);
    try {
      this.set(source, await this.fetch(source));
    } catch {
      this.asked.delete(source); // the connection's own state tells that the server cannot be reached
    }
  }

  /** Take in a list, or a name that was just added to one. */
  set(source: string, names: readonly string[]): void {
    const before = this.get(source);
    if (before.length === names.length && before.every((name, at) => name === names[at])) return;
    this.lists.set(source, names);
    for (const listener of this.listeners) listener();
  }

  add(source: string, name: string): void {
    if (!this.get(source).includes(name)) this.set(source, [...this.get(source), name].sort());
  }
}
