import type { EventName, Events, MethodName, ParamsInput, Results } from '../../shared/contract.js';
import { GraftError } from '../../shared/errors.js';
import { type CallOptions, type Client, connect } from '../../shared/rpc-client.js';
import type { Host } from '../host/host.js';

/** Waits between attempts to reach the hub again, in milliseconds; the last repeats. */
const RETRY_MS = [250, 500, 1000, 2000, 4000] as const;

type Subscription = { readonly name: EventName; readonly listener: (data: never) => void };

/**
 * The page's line to the hub, opened again whenever it breaks. Calls made while it is down wait for it; whoever shows what
 * the hub knows asks again in {@link Connection.onLive}.
 */
export class Connection {
  readonly host: Host;
  /** `denied`: the address lacks the token, or it is of an earlier start. */
  state: 'connecting' | 'live' | 'lost' | 'denied' = $state('connecting');
  #client: Client | null = null;
  #waiting: ((client: Client) => void)[] = [];
  readonly #subscriptions = new Set<Subscription>();
  readonly #liveListeners = new Set<() => void>();

  constructor(host: Host) {
    this.host = host;
  }

  /** Opens the line and keeps it open for as long as the page lives. */
  async open(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        const client = connect(await this.host.openPort());
        this.#use(client);
        return;
      } catch (error) {
        if (error instanceof GraftError && error.code === 'not-granted') {
          this.state = 'denied';
          return;
        }
        this.state = this.#client === null && attempt < 2 && this.state === 'connecting' ? 'connecting' : 'lost';
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]));
      }
    }
  }

  #use(client: Client): void {
    this.#client = client;
    for (const { name, listener } of this.#subscriptions) client.on(name, listener as never);
    client.onClose(() => {
      if (this.#client !== client) return;
      this.#client = null;
      this.state = 'lost';
      void this.open();
    });
    this.state = 'live';
    for (const resolve of this.#waiting.splice(0)) resolve(client);
    for (const listener of this.#liveListeners) listener();
  }

  /**
   * Calls the hub; waits while the line is down.
   *
   * @throws GraftError as {@link Client.call}
   */
  async call<M extends MethodName>(method: M, params: ParamsInput<M>, options?: CallOptions): Promise<Results[M]> {
    const client = this.#client ?? (await new Promise<Client>((resolve) => this.#waiting.push(resolve)));
    return await client.call(method, params, options);
  }

  /** Listens on this line and on every later one. */
  on<E extends EventName>(name: E, listener: (data: Events[E]) => void): void {
    const subscription = { name, listener } as Subscription;
    this.#subscriptions.add(subscription);
    this.#client?.on(name, listener);
  }

  /** Called each time the line has opened: what was missed has to be asked for. */
  onLive(listener: () => void): void {
    this.#liveListeners.add(listener);
    if (this.#client !== null) listener();
  }
}
