import type { ErrorCode } from '../../shared/errors.js';

/** HTTP status by which hosts answer an error; what is not listed is a failure of ours: 500. */
export const HTTP_STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  'invalid-value': 400,
  'unsafe-file': 400,
  'not-granted': 403,
  'not-found': 404,
  conflict: 409,
  'already-exists': 409,
  'unreadable-file': 422,
  'engine-busy': 429,
  'engine-crashed': 503,
  disconnected: 503,
  'disk-full': 507,
};
