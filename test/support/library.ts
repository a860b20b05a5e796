import type { EventName, Events, ImageFilter, LibraryMethod, ParamsInput, Results } from '../../src/shared/contract.js';
import { createMemoryPorts } from '../../src/shared/port.js';
import { connect, serve } from '../../src/shared/rpc.js';
import type { DatasetSummary } from '../../src/shared/studio.js';
import { createLibrary } from '../../src/main/engine/library/library.js';

/** A filter that narrows nothing. */
export const ALL: ImageFilter = { className: null, split: null, problem: null, isExcluded: null, search: '' };

export interface TestLibrary {
  call<M extends LibraryMethod>(method: M, params: ParamsInput<M>, signal?: AbortSignal): Promise<Results[M]>;
  /** Everything that was emitted, in order. */
  readonly events: readonly { readonly name: EventName; readonly data: unknown }[];
  /** The open data set's summary once its scan has ended. */
  scanned(): Promise<DatasetSummary>;
  /** Ends the library; calls that are under way can still be answered. */
  shutdown(): Promise<void>;
  close(): Promise<void>;
}

/** A library in this process, called through the contract as a host would; its data folder is `GRAFT_HOME`. */
export function openLibrary(): TestLibrary {
  const [near, far] = createMemoryPorts();
  const events: { name: EventName; data: unknown }[] = [];
  const emit = <E extends EventName>(name: E, data: Events[E]): void => {
    events.push({ name, data });
    server.emit(name, data);
  };
  const library = createLibrary(emit);
  const server = serve(far, library.handlers);
  const client = connect(near);
  const summaryNow = async (): Promise<DatasetSummary | null> => await client.call('dataset.summary', {});
  return {
    call: (method, params, signal) => client.call(method, params, { signal }),
    events,
    async scanned() {
      for (;;) {
        const summary = await summaryNow();
        if (summary !== null && summary.state !== 'scanning') return summary;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    shutdown: () => library.shutdown(),
    async close() {
      client.close();
      await library.shutdown();
    },
  };
}
