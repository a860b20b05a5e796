/** One change that can be taken back and made again. */
export interface Change {
  /** What it did, as in "Undo <label>". */
  readonly label: string;
  undo(): Promise<void>;
  redo(): Promise<void>;
}

const MAX_CHANGES = 200;

/** Undo and redo over everything that the user changes in a project. */
export class History {
  #done: readonly Change[] = $state.raw([]);
  #undone: readonly Change[] = $state.raw([]);
  #isBusy = false;

  /** Label of what undo would take back. */
  get undoLabel(): string | null {
    return this.#done.at(-1)?.label ?? null;
  }

  get redoLabel(): string | null {
    return this.#undone.at(-1)?.label ?? null;
  }

  /** Remembers a change that has been made. */
  add(change: Change): void {
    this.#done = [...this.#done, change].slice(-MAX_CHANGES);
    this.#undone = [];
  }

  clear(): void {
    this.#done = [];
    this.#undone = [];
  }

  /**
   * Takes a change back, by default the last; changes are taken back one after the other. One that has left the history, or
   * is taken back already, stays as it is.
   */
  async undo(change = this.#done.at(-1)): Promise<void> {
    if (change === undefined || this.#isBusy || !this.#done.includes(change)) return;
    this.#isBusy = true;
    try {
      await change.undo();
      this.#done = this.#done.filter((other) => other !== change);
      this.#undone = [...this.#undone, change];
    } finally {
      this.#isBusy = false;
    }
  }

  async redo(): Promise<void> {
    const change = this.#undone.at(-1);
    if (change === undefined || this.#isBusy) return;
    this.#isBusy = true;
    try {
      await change.redo();
      this.#undone = this.#undone.slice(0, -1);
      this.#done = [...this.#done, change];
    } finally {
      this.#isBusy = false;
    }
  }
}
