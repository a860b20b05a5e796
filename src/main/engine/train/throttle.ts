import type { Progress, ProgressListener } from '../../../shared/progress.js';

const INTERVAL_MS = 100;

/** Passes on at most ten reports a second, and always a task's first and last. */
export function throttleProgress(send: ProgressListener): ProgressListener {
  let last: Pick<Progress, 'task' | 'label'> | null = null;
  let sentAtMs = -Infinity;
  return (progress) => {
    const nowMs = performance.now();
    const isNew = last?.task !== progress.task || last.label !== progress.label;
    if (!isNew && progress.done !== progress.total && nowMs - sentAtMs < INTERVAL_MS) return;
    last = progress;
    sentAtMs = nowMs;
    send(progress);
  };
}
