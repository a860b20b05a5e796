import { rm } from 'node:fs/promises';
import type { EventName, Events, Params, Results } from '../../../shared/contract.js';
import { GraftError, toWire } from '../../../shared/errors.js';
import type { Recipe } from '../../../shared/recipe.js';
import { getBackbone } from '../backbones/registry.js';
import type { Checkpoint } from '../runs/checkpoint.js';
import { explainNative } from '../native-error.js';
import { createRunFolder, readRecipe } from '../runs/run-folder.js';
import { claimRun, clearFailure, writeFailure } from '../runs/run-status.js';
import { createRunControl, type RunControl } from './control.js';
import { createCurrentRunRecord, type CurrentRunRecord } from './current-run.js';
import { openInterrupted } from './resume.js';
import { type Emit, trainRun } from './run.js';

/** The run in hand. */
interface RunInHand {
  readonly run: string;
  readonly control: RunControl;
  /** Null until the run is accepted. */
  record: CurrentRunRecord | null;
  readonly done: Promise<void>;
  /** Lets go of the run. */
  finish(): void;
}

/** What a run is made of, once its folder is ready and this process's own. */
interface Accepted {
  readonly recipe: Recipe;
  readonly checkpoint: Checkpoint | null;
  /** Gives the folder back. */
  release(): Promise<void>;
}

/** The engine's runs, one at a time. */
export interface Training {
  start(params: Params<'train.start'>): Promise<Results['train.start']>;
  resume(params: Params<'train.resume'>): Promise<Results['train.resume']>;
  pause(params: Params<'train.pause'>): null;
  stop(params: Params<'train.stop'>): null;
  cancel(params: Params<'train.cancel'>): null;
  current(): Results['train.current'];
  /** The run in hand; null for none. */
  readonly run: string | null;
  /** Stops and keeps a run in hand, and resolves when it has ended. */
  shutdown(): Promise<void>;
}

export function createTraining(emit: Emit): Training {
  let inHand: RunInHand | null = null;

  /** Takes a run in hand before the first await, so that a second one in the same moment is refused. */
  const take = (run: string): RunInHand => {
    if (inHand !== null) {
      throw new GraftError('engine-busy', `expected no run in progress, but ${inHand.run} is training: stop it first`);
    }
    let resolve = (): void => undefined;
    const done = new Promise<void>((settle) => (resolve = settle));
    const finish = (): void => {
      if (inHand === taken) inHand = null;
      resolve();
    };
    const taken: RunInHand = { run, control: createRunControl(), record: null, done, finish };
    inHand = taken;
    return taken;
  };

  const find = (run: string): RunInHand => {
    if (inHand === null || inHand.run !== run) {
      throw new GraftError('not-found', `expected a run in progress at ${run}, found ${inHand?.run ?? 'none'}`);
    }
    return inHand;
  };

  /** Trains to the end and says how it ended. Never rejects. */
  const train = async (taken: RunInHand, { recipe, checkpoint, release }: Accepted): Promise<void> => {
    const { run, control } = taken;
    const tell = <E extends EventName>(name: E, data: Events[E]): void => {
      taken.record?.hear(name, data);
      emit(name, data);
    };
    /** What is said last, when the next run may begin. */
    let end: () => void;
    try {
      const { reason, best, seconds } = await trainRun({ run, recipe, emit: tell, control, checkpoint });
      end = () => emit('train.ended', { run, reason, best, seconds });
    } catch (error) {
      const wire = toWire(explainNative(error, `a step of ${recipe.training.batchSize} pictures`));
      end = () => emit('train.failed', { run, error: wire });
      // Where not even this can be written, the event still says it.
      if (!control.cancelled.aborted) await writeFailure(run, wire).catch(() => undefined);
    }
    await release().catch(() => undefined);
    if (control.cancelled.aborted) {
      end = () => emit('train.cancelled', { run });
      await rm(run, { recursive: true, force: true, maxRetries: 5 }).catch((error: unknown) => {
        end = () => emit('train.failed', { run, error: toWire(error) });
      });
    }
    taken.finish();
    end();
  };

  const begin = async (run: string, accept: () => Promise<Accepted>): Promise<{ run: string }> => {
    const taken = take(run);
    try {
      const accepted = await accept();
      const { recipe, checkpoint } = accepted;
      taken.record = createCurrentRunRecord(run, recipe, checkpoint?.epochs ?? []);
      void train(taken, accepted);
      return { run };
    } catch (error) {
      taken.finish();
      throw error;
    }
  };

  const openForResume = async (run: string): Promise<Accepted> => {
    // Says so where there is no run at all.
    await readRecipe(run);
    const release = await claimRun(run);
    try {
      const opened = await openInterrupted(run);
      await clearFailure(run);
      return { ...opened, release };
    } catch (error) {
      await release();
      throw error;
    }
  };

  /** Steers the run in hand, and says where that holds it or lets it go on. */
  const steer = (run: string, how: (control: RunControl) => void): null => {
    const { control, record } = find(run);
    const wasPaused = control.isPaused;
    how(control);
    const { isPaused } = control;
    if (isPaused === wasPaused) return null;
    record?.hear('train.paused', { run, isPaused });
    emit('train.paused', { run, isPaused });
    return null;
  };

  return {
    start: async ({ recipe, out }) => {
      getBackbone(recipe.backbone.id);
      return await begin(out, async () => {
        await createRunFolder(out, recipe);
        return { recipe, checkpoint: null, release: await claimRun(out) };
      });
    },
    resume: async ({ run }) => await begin(run, () => openForResume(run)),
    pause: ({ run, isPaused }) => steer(run, (control) => control.pause(isPaused)),
    stop: ({ run }) => steer(run, (control) => control.stop()),
    cancel: ({ run }) => steer(run, (control) => control.cancel()),
    current: () => inHand?.record?.view() ?? null,
    get run() {
      return inHand?.run ?? null;
    },
    async shutdown() {
      const running = inHand;
      running?.control.stop();
      await running?.done;
    },
  };
}
