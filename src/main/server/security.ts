import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost'] as const;

/** An address as it stands in a URL. */
export const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** Whether only this machine can reach a server that listens there. */
export const isLoopback = (address: string): boolean =>
  address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);

/** Names that a request may call this host by; any other is a page of elsewhere whose name was pointed here. */
export function allowedNames(listen: string): ReadonlySet<string> {
  const names = new Set<string>([...LOOPBACK, inUrl(listen).toLowerCase()]);
  if (isLoopback(listen)) return names;
  names.add(hostname().toLowerCase());
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) names.add(inUrl(address).toLowerCase());
  }
  return names;
}

/** The name and port in a Host header, or null when it holds anything else. */
function parseHost(header: string | undefined): URL | null {
  if (header === undefined || !/^[a-z0-9.\-[\]:]+$/i.test(header)) return null;
  const url = `http://${header}/`;
  return URL.canParse(url) ? new URL(url) : null;
}

/** The name without a port is in the list. The port is free, or a tunnel to another port would be refused. */
export function isAllowedHost(request: IncomingMessage, names: ReadonlySet<string>): boolean {
  const host = parseHost(request.headers.host);
  return host !== null && names.has(host.hostname.toLowerCase());
}

/** A request comes from a page of the very host that it goes to. Requests without an origin come from no page. */
export function isOwnOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  const own = parseHost(host);
  if (own === null || origin === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: from } = new URL(origin);
  if (protocol === 'https:') return from === new URL(own.href.replace(/^http:/, 'https:')).host;
  return protocol === 'http:' && from === own.host;
}

/** Another site's page embeds what it asks for; browsers say so where they can. */
export function isForeignFetch(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site'];
  return site === 'cross-site' || site === 'same-site';
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
/** In constant time, whatever the lengths. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/** Who may come in: whoever has the token from the printed address gets a cookie. */
export interface Sessions {
  readonly token: string;
  /** The Set-Cookie header for the right token; null for any other. */
  open(token: unknown): string | null;
  /** The request carries the cookie. */
  has(request: IncomingMessage): boolean;
}

/** @param port names the cookie, since cookies of one machine's ports are one another's */
export function createSessions(port: number): Sessions {
  const token = randomBytes(24).toString('base64url');
  const secret = randomBytes(24).toString('base64url');
  const name = `graft-${port}`;
  return {
    token,
    open: (given) =>
      typeof given === 'string' && isSame(given, token) ? `${name}=${secret}; Path=/; HttpOnly; SameSite=Strict` : null,
    has: (request) =>
      (request.headers.cookie ?? '').split(';').some((cookie) => {
        const [key, value = ''] = cookie.trim().split('=');
        return key === name && isSame(value, secret);
      }),
  };
}
