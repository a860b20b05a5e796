/** Runs pieces of work one after the other, in the order asked for. A piece that fails holds up none that follow. */
export interface Turn {
  take<T>(work: () => Promise<T>): Promise<T>;
}

export function createTurn(): Turn {
  let last: Promise<unknown> = Promise.resolve();
  return {
    take(work) {
      const result = last.then(work);
      last = result.catch(() => undefined);
      return result;
    },
  };
}
