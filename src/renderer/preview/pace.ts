/** What has not changed for so long rests. */
export const REST_MS = 150;
/** Exact drawing may take so long before what moves is drawn coarsely: with the frame that shows it, some 37 ms. */
const BUDGET_MS = 20;

/** Decides whether what moves is drawn exactly or as a draft: exactly, unless that takes too long here. */
export interface Pace {
  /** Notes a request. @returns whether it should be a draft */
  ask(nowMs: number): boolean;
  /** Notes that what rests is drawn exactly now. */
  rest(nowMs: number): void;
  /** Notes that the latest request is drawn. */
  finish(nowMs: number): void;
}

/** Makes a {@link Pace}; each movement begins exactly, unless the last exact drawing before it took too long. */
export function createPace(): Pace {
  /** When something was asked for or finished last. */
  let activeMs = -Infinity;
  /** Since when an exact drawing has been on its way, through requests that overtook each other; null for none. */
  let exactSinceMs: number | null = null;
  let isTooSlow = false;

  return {
    ask(nowMs) {
      if (nowMs - activeMs > REST_MS) exactSinceMs = null;
      activeMs = nowMs;
      if (exactSinceMs !== null && nowMs - exactSinceMs > BUDGET_MS) isTooSlow = true;
      if (isTooSlow) exactSinceMs = null;
      else exactSinceMs ??= nowMs;
      return isTooSlow;
    },
    rest(nowMs) {
      activeMs = nowMs;
      exactSinceMs = nowMs;
    },
    finish(nowMs) {
      activeMs = nowMs;
      if (exactSinceMs === null) return;
      isTooSlow = nowMs - exactSinceMs > BUDGET_MS;
      exactSinceMs = null;
    },
  };
}
