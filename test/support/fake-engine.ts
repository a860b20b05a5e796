import type { EndReason, EventName, Events, Handlers } from '../../src/shared/contract.js';
import { GraftError } from '../../src/shared/errors.js';
import { createMemoryPorts } from '../../src/shared/port.js';
import type { BackboneInfo, EngineInfo, EvaluationReport, PredictionReport } from '../../src/shared/reports.js';
import { connect, createServer } from '../../src/shared/rpc.js';
import type { EngineConnection, EngineOptions } from '../../src/main/engine-process.js';

export const FAKE_CLASSES = ['ants', 'bees'] as const;

export const FAKE_BACKBONE: BackboneInfo = {
  id: 'efficientnet_lite2',
  label: 'Fake network',
  paper: 'https://example.org/paper',
  licence: 'Fake-1.0',
  imageNetAccuracy: 0.776,
  parameters: 6_100_000,
  multiplyAdds: 899_000_000,
  input: { size: 260, resize: 297, interpolation: 'bicubic', mean: [127, 127, 127], std: [128, 128, 128] },
  featureSize: 1280,
  stages: ['stem', 'stage1'],
  file: '/fake/efficientnet_lite2.pth',
  source: 'https://example.org/weights',
  imagesPerSecond: null,
};

export const FAKE_INFO: EngineInfo = {
  graftVersion: '0.0.0-fake',
  nodeVersion: '20.0.0',
  platform: 'fake-x64',
  tensorflow: { version: '2.21.0', backend: 'tensorflow' },
  device: { kind: 'cpu', reason: 'a fake has no graphics card', missingLibraries: [], cardFailed: false },
  cores: 2,
  memoryBytes: 8e9,
  dataFolder: '/fake/data',
  imageFormats: ['jpeg', 'png'],
};

export const FAKE_EVALUATION: EvaluationReport = {
  accuracy: 0.75,
  baseline: 0.5,
  loss: 0.5,
  interval: [0.3006, 0.9544],
  classes: [...FAKE_CLASSES],
  confusion: [
    [2, 0],
    [1, 1],
  ],
  perClass: [
    { name: 'ants', support: 2, precision: 2 / 3, recall: 1, f1: 0.8 },
    { name: 'bees', support: 2, precision: 1, recall: 0.5, f1: 2 / 3 },
  ],
  predictions: [
    { path: 'val/ants/1.jpg', label: 'ants', predicted: 'ants', probabilities: [0.9, 0.1], loss: 0.105 },
    { path: 'val/ants/2.jpg', label: 'ants', predicted: 'ants', probabilities: [0.8, 0.2], loss: 0.223 },
    { path: 'val/bees/1.jpg', label: 'bees', predicted: 'ants', probabilities: [0.6, 0.4], loss: 0.916 },
    { path: 'val/bees/2.jpg', label: 'bees', predicted: 'bees', probabilities: [0.2, 0.8], loss: 0.223 },
  ],
  problems: [],
};

/** How a fake engine departs from the usual. */
export interface FakeEngineOptions {
  readonly handlers?: Partial<Handlers>;
  /** Training waits after so many epochs until it is told to stop. */
  readonly holdAfterEpoch?: number;
}

export interface FakeEngine {
  /** Takes the place of the real `startEngine`. */
  startEngine(options?: EngineOptions): EngineConnection;
  /** Every call that arrived, after the contract's check. */
  readonly calls: readonly { readonly method: string; readonly params: unknown }[];
  /** What the host did to the process. */
  readonly ends: readonly ('stop' | 'kill')[];
  /** Called when an epoch of training has been reported. */
  onEpoch: (epoch: number) => void;
}

type Emit = <E extends EventName>(name: E, data: Events[E]) => void;

function createFakeTraining(emit: Emit, options: FakeEngineOptions, onEpoch: (epoch: number) => void) {
  let stop: (() => void) | null = null;
  const epochMetrics = (epoch: number, epochs: number): Omit<Events['train.epoch'], 'run'> => ({
    epoch,
    epochs,
    train: { loss: 0.6 / epoch, accuracy: 0.5 + 0.1 * epoch },
    val: { loss: 0.5 / epoch, accuracy: 0.6 + 0.1 * epoch },
    lr: 0.01,
    imagesPerSecond: 57.5,
    seconds: { train: 4, validate: 1, wait: 0.1 },
  });
  const train = async (run: string, epochs: number, epochsDone = 0): Promise<void> => {
    emit('train.progress', { run, progress: { task: 'decode', done: 4, total: 8, unit: 'images' } });
    emit('train.started', {
      run,
      classes: FAKE_CLASSES,
      images: { train: 8, val: 4 },
      steps: epochs * 2,
      epochsDone,
    });
    let stopped = false;
    const told = new Promise<void>((resolve) => {
      stop = () => {
        stopped = true;
        resolve();
      };
    });
    let done = epochsDone;
    while (done < epochs && !stopped) {
      done++;
      const step = { epoch: done, step: done * 2, steps: epochs * 2 };
      emit('train.batch', { run, ...step, loss: 0.6, accuracy: 0.5, lr: 0.01, imagesPerSecond: 57.5 });
      emit('train.epoch', { run, ...epochMetrics(done, epochs) });
      await new Promise(setImmediate);
      onEpoch(done);
      if (done === options.holdAfterEpoch) await told;
    }
    const reason: EndReason = stopped ? 'stopped' : 'completed';
    const best = { epoch: done, val: epochMetrics(done, epochs).val, interval: [0.5, 0.95] as const };
    emit('train.ended', {
      run,
      reason,
      best,
      seconds: { prepare: 1, train: 4 * done, validate: done, total: 61 + 5 * done },
    });
  };
  return {
    train,
    stop: (): void => {
      if (stop === null) throw new GraftError('not-found', 'the fake is not training');
      stop();
    },
  };
}

/** An engine that keeps to the contract and computes nothing: its numbers are made up. It runs over memory ports. */
export function createFakeEngine(options: FakeEngineOptions = {}): FakeEngine {
  const calls: { method: string; params: unknown }[] = [];
  const ends: ('stop' | 'kill')[] = [];
  const fake: FakeEngine & { onEpoch: (epoch: number) => void } = {
    calls,
    ends,
    onEpoch: () => undefined,
    startEngine() {
      const emit: Emit = (name, data) => server.emit(name, data);
      const training = createFakeTraining(emit, options, (epoch) => fake.onEpoch(epoch));
      const predict = (paths: readonly string[]): PredictionReport => ({
        classes: FAKE_CLASSES,
        images: paths
          .filter((path) => !path.endsWith('.txt'))
          .map((path) => ({ path, predicted: 'ants', probabilities: { ants: 0.75, bees: 0.25 }, logits: [1.5, 0.4] })),
        skipped: paths
          .filter((path) => path.endsWith('.txt'))
          .map((path) => ({ path, code: 'not-an-image', message: 'not an image that the fake can read' })),
      });
      const handlers: Partial<Handlers> = {
        'engine.info': async () => FAKE_INFO,
        'backbones.list': async () => [FAKE_BACKBONE, { ...FAKE_BACKBONE, id: 'resnet18', file: null }],
        'backbones.download': async ({ id }, { onProgress }) => {
          onProgress({ task: 'download', done: 50, total: 100, unit: 'bytes' });
          return { ...FAKE_BACKBONE, id };
        },
        'backbones.import': async ({ id, file }) => ({ ...FAKE_BACKBONE, id, file }),
        'dataset.inspect': async ({ path }) => ({
          path,
          layout: 'splits',
          classes: FAKE_CLASSES.map((name, index) => ({ name, train: 100 + index, val: 10, test: 0 })),
          problems: [
            { path: 'train/ants/x.gif', code: 'not-an-image', severity: 'excluded', message: 'not an image' },
            { path: 'train/bees/y.jpg', code: 'small', severity: 'warning', message: 'only 20 px wide' },
          ],
          excluded: 1,
          fingerprint: 'fake',
        }),
        'augment.write': async ({ out, images, views }) => ({
          out,
          files: Array.from({ length: images * views }, (_, index) => ({
            path: `${index}.png`,
            image: `train/ants/${Math.floor(index / views)}.jpg`,
            view: index % views,
          })),
        }),
        'train.start': async ({ recipe, out }) => {
          void training.train(out, recipe.training.epochs);
          return { run: out };
        },
        'train.resume': async ({ run }) => {
          void training.train(run, 5, 3);
          return { run };
        },
        'train.stop': async () => {
          training.stop();
          return null;
        },
        'run.evaluate': async () => FAKE_EVALUATION,
        'run.predict': async ({ paths }) => predict(paths),
        'features.compute': async ({ paths, backbone }) => ({
          backbone,
          dimension: 8,
          images: paths.map((path) => ({ path, features: [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875] })),
          skipped: [],
        }),
        'run.export': async ({ format, out }) => ({
          format,
          out,
          files: [{ path: 'model.json', sizeBytes: 12_345 }],
          selfTest: {
            image: 'self-test.png',
            expected: [0.75, 0.25],
            received: [0.75, 0.25],
            maxDifference: 2e-7,
            tolerance: 1e-4,
          },
        }),
        ...options.handlers,
      };
      const recorded = Object.fromEntries(
        Object.entries(handlers).map(([method, handler]) => [
          method,
          (params: never, context: never) => {
            calls.push({ method, params });
            return (handler as (params: never, context: never) => Promise<unknown>)(params, context);
          },
        ]),
      ) as unknown as Handlers;
      const server = createServer(recorded);
      const [near, far] = createMemoryPorts();
      server.attach(far);
      const client = connect(near);
      return {
        client,
        async stop() {
          ends.push('stop');
          client.close();
        },
        kill() {
          ends.push('kill');
          far.close();
        },
      };
    },
  };
  return fake;
}
