/** How far a task has come. */
export interface Progress {
  readonly task:
    | 'scan'
    | 'decode'
    | 'download'
    | 'prepare'
    | 'features'
    | 'train'
    | 'evaluate'
    | 'export'
    | 'render'
    | 'probe'
    | 'measure'
    | 'sample'
    | 'upload';
  readonly done: number;
  /** Null where the end is not known. */
  readonly total: number | null;
  readonly unit: 'images' | 'bytes' | 'files' | 'steps';
  /** What is being worked on, in a few words. */
  readonly label?: string;
}

export type ProgressListener = (progress: Progress) => void;

/**
 * Seconds until the end, from the mean speed so far; null while nothing can be said.
 *
 * @param elapsedSeconds time since the task began
 */
export function secondsLeft(progress: Pick<Progress, 'done' | 'total'>, elapsedSeconds: number): number | null {
  if (progress.total === null || progress.done <= 0 || elapsedSeconds <= 0) return null;
  return Math.max(0, ((progress.total - progress.done) * elapsedSeconds) / progress.done);
}
