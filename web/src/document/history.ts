/** Steps that were taken, and steps that were taken back. */

import { appendPatch, type Patch } from "./patches.ts";
import type { NodeId } from "./types.ts";

const MOST = 1000;
const PAUSE = 1000; // milliseconds after which an edit of the same thing is a step of its own

export interface Step {
  readonly name: string;
  /** The instances that lead from the document into the graph that was edited: undo shows what it takes back. */
  readonly trail: readonly NodeId[];
  readonly patches: readonly Patch[];
  /** Names what is edited, where quick edits of the same thing (typing) are to be one step. */
  readonly joins?: string | undefined;
  readonly time: number;
}

export class History {
  #done: Step[] = [];
  #undone: Step[] = [];
  /** The last step that was forgotten: before it the history knows nothing. */
  #forgotten: Step | undefined;
  #saved: Step | undefined;

  /** What can be taken back, the latest last. */
  get done(): readonly Step[] {
    return this.#done;
  }

  /** What can be done again, the next one last. */
  get undone(): readonly Step[] {
    return this.#undone;
  }

  /** Whether the document differs from what was saved last. */
  get dirty(): boolean {
    return this.#present() !== this.#saved;
  }

  markSaved(): void {
    this.#saved = this.#present();
  }

  push(step: Step): void {
    this.#undone = [];
    const last = this.#done.at(-1);
    if (last && step.joins !== undefined && step.joins === last.joins && step.time - last.time < PAUSE) {
      this.#done[this.#done.length - 1] = { ...step, patches: step.patches.reduce(appendPatch, last.patches) };
      return;
    }
    this.#done.push(step);
    if (this.#done.length > MOST) this.#forgotten = this.#done.shift();
  }

  /** The step to take back now, if there is one. */
  back(): Step | undefined {
    const step = this.#done.pop();
    if (step) this.#undone.push(step);
    return step;
  }

  /** The step to do again now, if there is one. */
  forward(): Step | undefined {
    const step = this.#undone.pop();
    if (step) this.#done.push(step);
    return step;
  }

  #present(): Step | undefined {
    return this.#done.at(-1) ?? this.#forgotten;
  }
}
