import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { describe, expect, it } from 'vitest';
import { withNext } from '../../../../../src/main/engine/train/feed.js';
import type { CutBatch } from '../../../../../src/main/engine/train/step.js';

/** A batch, and whether it was disposed of. */
interface Made {
  readonly batch: CutBatch;
  isDisposed: boolean;
}

function make(step: number): Made {
  const made: Made = {
    isDisposed: false,
    batch: {
      cut: { dispose: () => (made.isDisposed = true) } as unknown as Tensor,
      labels: [],
      targets: new Float32Array(),
      step,
    },
  };
  return made;
}

/** Batches of which some are ready only when they are let go, and which may end in an error. */
function source(made: readonly Made[], held: ReadonlyMap<number, Promise<void>> = new Map(), error?: Error) {
  const state = { isClosed: false };
  async function* batches(): AsyncGenerator<CutBatch> {
    try {
      for (const [index, { batch }] of made.entries()) {
        await held.get(index);
        yield batch;
      }
      if (error) throw error;
    } finally {
      state.isClosed = true;
    }
  }
  return { batches: batches(), state };
}

const three = (): Made[] => [0, 1, 2].map(make);

describe('withNext', () => {
  it('gives every batch the one after it', async () => {
    const made = three();
    const got: CutBatch[] = [];
    for await (const batch of withNext(source(made).batches)) got.push(batch);
    expect(got.map(({ step }) => step)).toEqual([0, 1, 2]);
    expect(got.map(({ next }) => next)).toEqual([made[1]!.batch.cut, made[2]!.batch.cut, null]);
    expect(got.map(({ cut }) => cut)).toEqual(made.map(({ batch }) => batch.cut));
    expect(made.some(({ isDisposed }) => isDisposed)).toBe(false);
  });

  it('waits for none', async () => {
    const made = three();
    let letGo = (): void => undefined;
    const held = new Map([[1, new Promise<void>((resolve) => (letGo = resolve))]]);
    const batches = withNext(source(made, held).batches);
    expect((await batches.next()).value).toMatchObject({ step: 0, next: null });
    letGo();
    expect((await batches.next()).value).toMatchObject({ step: 1, next: made[2]!.batch.cut });
  });

  it('passes an error on behind the last batch before it', async () => {
    const made = three();
    const batches = withNext(source(made, new Map(), new Error('unreadable')).batches);
    for (const step of [0, 1, 2]) expect((await batches.next()).value).toMatchObject({ step });
    await expect(batches.next()).rejects.toThrow('unreadable');
  });

  it('disposes of what was made and not taken, and closes the source', async () => {
    const made = three();
    const { batches, state } = source(made);
    for await (const { step } of withNext(batches)) if (step === 0) break;
    expect(made.map(({ isDisposed }) => isDisposed)).toEqual([false, true, false]);
    expect(state.isClosed).toBe(true);
  });

  it('of nothing gives nothing', async () => {
    const got: CutBatch[] = [];
    for await (const batch of withNext(source([]).batches)) got.push(batch);
    expect(got).toEqual([]);
  });
});
