/**
 * Holds news back so that the page is drawn at a pace that can be followed: drawing takes time from training. Everything is
 * taken in, in the order in which it came; what comes after a pause is taken in at once.
 */
export class PacedNews {
  #held: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #dueMs = Infinity;
  #takenMs = -Infinity;

  /**
   * Takes something in, and before it all that is held.
   *
   * @param paceMs it may wait until so long after the last time that anything was taken in
   */
  add(take: () => void, paceMs: number): void {
    this.#held.push(take);
    const nowMs = performance.now();
    const dueMs = Math.min(this.#dueMs, this.#takenMs + paceMs);
    if (dueMs <= nowMs) return this.flush();
    if (dueMs === this.#dueMs) return;
    this.#stop();
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => this.flush(), dueMs - nowMs);
  }

  /** Takes in at once what is held. */
  flush(): void {
    this.#stop();
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    this.#takenMs = performance.now();
    for (const take of held) take();
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#dueMs = Infinity;
  }
}
