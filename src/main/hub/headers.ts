/** Headers by name. */
export type Headers = Readonly<Record<string, string>>;

/** Sent with every answer that a host gives a page, over HTTP and by the desktop app's own scheme. */
export const SECURITY_HEADERS: Headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' blob:; " +
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

/**
 * Sent instead with the worker that draws previews: the one script that may compile WebAssembly, for vector instructions.
 * Its policy is its own; it may run our code and fetch from here, nothing else.
 */
export const DRAWING_WORKER_HEADERS: Headers = {
  ...SECURITY_HEADERS,
  'content-security-policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
};
