import { GraftError } from '../../shared/errors.js';

/** A piece of a list, as the library cuts it. */
export interface Page<T> {
  readonly total: number;
  readonly items: readonly T[];
  /** Of the summary that it was cut from, where the library says so. */
  readonly revision?: number;
}

/** Asks for items `offset` to `offset + limit` of the list that `query` describes. */
export type FetchPage<T, Q> = (query: Q, offset: number, limit: number, signal: AbortSignal) => Promise<Page<T>>;

interface CachedPage<T> {
  readonly items: readonly T[];
  readonly revision: number;
}

/** Items a call. */
export const PAGE_SIZE = 200;
/** Pages kept; the ones that came first go first. */
const MAX_PAGES = 64;
/** What is shown and out of date is asked for again at most this often: a scan changes it many times a second. */
const REFRESH_MS = 400;

/**
 * A list that is too long to hold: pages of it come when they are looked at, and go when others take their place. When the
 * list has changed, the old items stay in view until the new ones have come.
 */
export class PagedList<T, Q> {
  total: number = $state(0);
  isLoaded: boolean = $state(false);
  /** Why a page could not be had; tried again by {@link PagedList.retry}. */
  error: unknown = $state.raw(null);
  /** Grows when the list has become another one: places in it mean nothing any more. */
  generation: number = $state(0);

  readonly #fetch: FetchPage<T, Q>;
  #pages: ReadonlyMap<number, CachedPage<T>> = $state.raw(new Map());
  #query: Q | null = null;
  #key: string | null = null;
  #revision = 0;
  #shown = { first: 0, last: 0 };
  #isSwitching = true;
  readonly #flights = new Map<number, AbortController>();
  #refreshTimer: ReturnType<typeof setTimeout> | null = null;
  #refreshedAtMs = -Infinity;

  constructor(fetch: FetchPage<T, Q>) {
    this.#fetch = fetch;
  }

  /** The item at a place, or null while it has not come. */
  at(index: number): T | null {
    return this.#pages.get(Math.floor(index / PAGE_SIZE))?.items[index % PAGE_SIZE] ?? null;
  }

  /** Turns to another list, or takes in that this one has changed. */
  follow(query: Q, revision: number): void {
    this.error = null;
    const key = JSON.stringify(query);
    if (key !== this.#key) {
      this.#key = key;
      this.#query = query;
      this.#revision = revision;
      this.#isSwitching = true;
      this.#abortExcept([]);
    } else this.#revision = Math.max(this.#revision, revision);
    this.#pump();
  }

  /** Says which places are in view: they are loaded, and what was on its way to others is called off. */
  show(first: number, last: number): void {
    this.#shown = { first, last };
    if (!this.#isSwitching) this.#pump();
  }

  retry(): void {
    this.error = null;
    this.#pump();
  }

  /**
   * All items at the given places, from what is here where it is fresh.
   *
   * @param ranges places, both ends included
   * @throws GraftError `conflict` when the list has changed since it was shown
   */
  async items(ranges: readonly { readonly first: number; readonly last: number }[]): Promise<T[]> {
    const items: T[] = [];
    for (const { first, last } of ranges) {
      for (let offset = first; offset <= last;) {
        const cached = this.#freshFrom(offset, last);
        const chunk = cached.length > 0 ? cached : await this.#chunk(offset, Math.min(1000, last - offset + 1));
        items.push(...chunk);
        offset += chunk.length;
      }
    }
    return items;
  }

  dispose(): void {
    this.#abortExcept([]);
    if (this.#refreshTimer !== null) clearTimeout(this.#refreshTimer);
    this.#refreshTimer = null;
    this.#key = null;
    this.#query = null;
  }

  #freshFrom(offset: number, last: number): readonly T[] {
    const number = Math.floor(offset / PAGE_SIZE);
    const page = this.#pages.get(number);
    if (page === undefined || page.revision < this.#revision) return [];
    return page.items.slice(offset - number * PAGE_SIZE, last + 1 - number * PAGE_SIZE);
  }

  async #chunk(offset: number, limit: number): Promise<readonly T[]> {
    const query = this.#query;
    const { total } = this;
    const changed = 'expected the list as it was shown, it has changed meanwhile: select the pictures again';
    if (query === null) throw new GraftError('conflict', changed);
    const page = await this.#fetch(query, offset, limit, new AbortController().signal);
    if (page.total !== total || page.items.length === 0) throw new GraftError('conflict', changed);
    return page.items;
  }

  /** Numbers of the pages in view. */
  #wanted(): number[] {
    if (this.#isSwitching) return [0];
    const end = Math.max(0, Math.ceil(this.total / PAGE_SIZE) - 1);
    const first = Math.min(Math.floor(this.#shown.first / PAGE_SIZE), end);
    const last = Math.min(Math.floor(this.#shown.last / PAGE_SIZE), end);
    return Array.from({ length: last - first + 1 }, (_, step) => first + step);
  }

  #abortExcept(numbers: readonly number[]): void {
    for (const [number, flight] of this.#flights) {
      if (numbers.includes(number)) continue;
      flight.abort();
      this.#flights.delete(number);
    }
  }

  #pump(): void {
    if (this.#query === null || this.error !== null) return;
    const wanted = this.#wanted();
    this.#abortExcept(wanted);
    for (const number of wanted) {
      if (this.#flights.has(number)) continue;
      const cached = this.#isSwitching ? undefined : this.#pages.get(number);
      if (cached === undefined) void this.#load(this.#query, number);
      else if (cached.revision < this.#revision) this.#refreshLater();
    }
  }

  #refreshLater(): void {
    const wait = Math.max(0, this.#refreshedAtMs + REFRESH_MS - performance.now());
    this.#refreshTimer ??= setTimeout(() => {
      this.#refreshTimer = null;
      this.#refreshedAtMs = performance.now();
      for (const number of this.#wanted()) {
        const isStale = (this.#pages.get(number)?.revision ?? -1) < this.#revision;
        if (isStale && this.#query !== null && !this.#flights.has(number)) void this.#load(this.#query, number);
      }
    }, wait);
  }

  async #load(query: Q, number: number): Promise<void> {
    const flight = new AbortController();
    this.#flights.set(number, flight);
    const revision = this.#revision;
    try {
      const page = await this.#fetch(query, number * PAGE_SIZE, PAGE_SIZE, flight.signal);
      if (flight.signal.aborted) return;
      this.#flights.delete(number);
      this.#take(number, page.total, { items: page.items, revision: page.revision ?? revision });
    } catch (error) {
      if (flight.signal.aborted) return;
      this.#flights.delete(number);
      this.error = error;
    }
  }

  #take(number: number, total: number, page: CachedPage<T>): void {
    const pages = new Map(this.#isSwitching ? [] : this.#pages);
    pages.delete(number);
    pages.set(number, page);
    for (const old of pages.keys()) {
      const isPastEnd = old * PAGE_SIZE >= total && old !== 0;
      if (isPastEnd || (pages.size > MAX_PAGES && !this.#wanted().includes(old))) pages.delete(old);
    }
    this.#revision = Math.max(this.#revision, page.revision);
    this.#pages = pages;
    this.total = total;
    this.isLoaded = true;
    if (this.#isSwitching) {
      this.#isSwitching = false;
      this.#shown = { first: 0, last: PAGE_SIZE - 1 };
      this.generation++;
    }
    this.#pump();
  }
}
