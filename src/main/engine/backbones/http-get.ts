import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { GraftError } from '../../../shared/errors.js';

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * The proxy that the environment names for an address (`https_proxy`, `http_proxy`, `all_proxy`, unless `no_proxy` lists
 * the host; lower or upper case), or null. Node's own `fetch` does not look there by default.
 *
 * @throws GraftError `download-failed` for a proxy that is no http proxy
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv = process.env): URL | null {
  const read = (name: string): string => env[name] || env[name.toUpperCase()] || '';
  const host = url.hostname.toLowerCase();
  const isDirect = read('no_proxy')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const name = entry.replace(/^\*?\./, '');
      return entry === '*' || host === name || url.host === name || host.endsWith(`.${name}`);
    });
  const proxy = read(url.protocol === 'https:' ? 'https_proxy' : 'http_proxy') || read('all_proxy');
  if (isDirect || proxy === '') return null;
  const address = proxy.includes('://') ? proxy : `http://${proxy}`;
  const parsed = URL.canParse(address) ? new URL(address) : null;
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new GraftError(
      'download-failed',
      'expected an address like http://host:port in the proxy variable of the environment, received another kind of proxy',
    );
  }
  return parsed;
}

function proxyHeaders(proxy: URL): Record<string, string> {
  if (proxy.username === '') return {};
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` };
}

/** Opens a tunnel to a host through an http proxy. */
async function openTunnel(proxy: URL, url: URL, signal: AbortSignal): Promise<Duplex> {
  const target = `${url.hostname}:${url.port || '443'}`;
  const { request } = proxy.protocol === 'https:' ? https : http;
  return await new Promise((resolve, reject) => {
    request(proxy, {
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...proxyHeaders(proxy) },
      agent: false,
      signal,
    })
      .on('connect', (response, socket) => {
        if (response.statusCode === 200) return resolve(socket);
        socket.destroy();
        reject(new Error(`the proxy ${proxy.host} answered ${response.statusCode} to a tunnel to ${target}`));
      })
      .on('error', reject)
      .end();
  });
}

/** One request, without following where it leads. */
async function send(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
  const proxy = proxyFor(url);
  let options: RequestOptions = { headers, signal, agent: false };
  let target = url;
  if (proxy !== null && url.protocol === 'https:') {
    const socket = await openTunnel(proxy, url, signal);
    const { agent: _, ...withoutAgent } = options;
    options = {
      ...withoutAgent,
      // Without an agent Node takes 80 for the usual port, and would name it to the host.
      defaultPort: 443,
      createConnection: () => tls.connect({ socket, host: url.hostname, servername: url.hostname }),
    };
  } else if (proxy !== null) {
    target = proxy;
    options = { ...options, path: url.href, headers: { ...headers, ...proxyHeaders(proxy), host: url.host } };
  }
  const { request } = target.protocol === 'https:' ? https : http;
  return await new Promise((resolve, reject) => {
    request(target, options).on('response', resolve).on('error', reject).end();
  });
}

/**
 * Sends a GET and follows redirects, through the environment's proxy where it names one. The body is the caller's to read
 * or to destroy; it breaks when `signal` is aborted.
 *
 * @throws GraftError `download-failed` for an address or a redirect that is not to be followed; what Node throws when the
 * network fails
 */
export async function httpGet(
  address: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let url = new URL(address);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await send(url, headers, signal);
    const { location } = response.headers;
    if (!REDIRECTS.has(response.statusCode ?? 0) || location === undefined) return response;
    response.destroy();
    const next = new URL(location, url);
    // Who asked for an encrypted connection must not be led off it.
    if (next.protocol !== 'https:' && next.protocol !== url.protocol) {
      throw new GraftError('download-failed', `expected ${url.host} to lead to https, received ${next.href}`);
    }
    url = next;
  }
  throw new GraftError('download-failed', `expected at most ${MAX_REDIRECTS} redirects from ${address}`);
}
