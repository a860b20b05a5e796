/** Lets work run side by side, or one piece of it alone. */
export interface Gate {
  /** Runs beside other shared work. */
  shared<T>(work: () => Promise<T>): Promise<T>;
  /** Waits until nothing runs, then runs alone. Not from inside {@link Gate.shared}: it would wait for itself. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** Opens a gate; who asks to be alone goes before shared work that comes later. */
export function createGate(): Gate {
  let barrier: Promise<void> = Promise.resolve();
  const running = new Set<Promise<unknown>>();
  return {
    async shared(work) {
      for (let seen = barrier; ; seen = barrier) {
        await seen;
        if (seen === barrier) break;
      }
      const result = work();
      running.add(result);
      try {
        return await result;
      } finally {
        running.delete(result);
      }
    },
    async alone(work) {
      const before = barrier;
      let release = (): void => undefined;
      barrier = new Promise((resolve) => (release = resolve));
      try {
        await before;
        await Promise.allSettled(running);
        return await work();
      } finally {
        release();
      }
    },
  };
}
