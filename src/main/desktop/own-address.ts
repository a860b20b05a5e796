/** The app's own pages have addresses of their own scheme, so that no other program can serve them. */
export const APP_SCHEME = 'app';
export const APP_HOST = 'graft';
export const APP_ADDRESS = `${APP_SCHEME}://${APP_HOST}/`;

/**
 * Whether an address or origin is the app's own. Compared by its parts: Node gives every scheme that it doesn't know the
 * origin "null", so that `URL.origin` would take any of them for ours.
 */
export function isOwnAddress(address: string | undefined): boolean {
  if (address === undefined || !URL.canParse(address)) return false;
  const { protocol, host, username, password } = new URL(address);
  return protocol === `${APP_SCHEME}:` && host === APP_HOST && username === '' && password === '';
}
