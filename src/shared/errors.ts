/**
 * Every failure that a user can meet, as a closed union. A code names the kind of failure; the message carries the facts.
 */
export const ERROR_CODES = [
  'usage',
  'invalid-value',
  'not-found',
  'already-exists',
  'unreadable-file',
  'unsafe-file',
  'dataset-unusable',
  'unknown-backbone',
  'weights-missing',
  'weights-mismatch',
  'weights-unreadable',
  'download-failed',
  'checksum-mismatch',
  'tensorflow-missing',
  'tensorflow-failed',
  'engine-crashed',
  'engine-busy',
  'out-of-memory',
  'disk-full',
  'diverged',
  'self-test-failed',
  'unknown-method',
  'unsupported',
  'not-granted',
  'disconnected',
  'conflict',
  'cancelled',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** A {@link GraftError} as plain JSON, for the way between processes. */
export interface WireError {
  code: ErrorCode;
  message: string;
  details?: Record<string, unknown>;
}

/**
 * A failure in the user's world: a file, a setting, a machine. The message says what was expected, then what was
 * received, names the file, and says what to do. Bugs of ours go through {@link invariant} instead.
 */
export class GraftError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, options: { details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GraftError';
    this.code = code;
    this.details = options.details;
  }
}

/** Whether `value` is one of {@link ERROR_CODES}. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && (ERROR_CODES as readonly string[]).includes(value);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Turns anything thrown into JSON that {@link fromWire} restores. What is not a {@link GraftError} gets code `internal`. */
export function toWire(error: unknown): WireError {
  if (error instanceof GraftError) {
    return { code: error.code, message: error.message, ...(error.details ? { details: error.details } : {}) };
  }
  if (error instanceof Error && error.name === 'AbortError')
    return { code: 'cancelled', message: 'The call was cancelled.' };
  return { code: 'internal', message: messageOf(error) };
}

/** Restores a {@link GraftError} from the other side of a process boundary; malformed input becomes code `internal`. */
export function fromWire(value: unknown): GraftError {
  if (typeof value === 'object' && value !== null) {
    const { code, message, details } = value as Partial<Record<keyof WireError, unknown>>;
    if (isErrorCode(code) && typeof message === 'string') {
      const isRecord = typeof details === 'object' && details !== null && !Array.isArray(details);
      return new GraftError(code, message, isRecord ? { details: details as Record<string, unknown> } : {});
    }
  }
  return new GraftError('internal', `expected an error object with a known code, received ${JSON.stringify(value)}`);
}

/** Throws when `condition` does not hold: a bug of ours, never the user's doing. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant: ${message}`);
}

/** Throws code `cancelled` when `signal` has been aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new GraftError('cancelled', 'The call was cancelled.');
}
