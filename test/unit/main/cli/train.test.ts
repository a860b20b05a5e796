import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraftError } from '../../../../src/shared/errors.js';
import { createRecipe } from '../../../../src/shared/recipe.js';
import { runFakeCli } from '../../../support/cli.js';
import { createFakeEngine } from '../../../support/fake-engine.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'graft-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (...more: string[]): string[] => ['train', '--data', 'photos', '--out', 'run', ...more];

describe('graft train', () => {
  it('starts the recipe that its options ask for, with absolute paths', async () => {
    const engine = createFakeEngine();
    const { code } = await runFakeCli(train('--epochs', '2', '--seed', '7', '--nesterov'), { engine, cwd: folder });
    expect(code).toBe(0);
    const plain = createRecipe(join(folder, 'photos'));
    const { training } = plain;
    expect(engine.calls).toEqual([
      {
        method: 'train.start',
        params: {
          recipe: {
            ...plain,
            training: { ...training, epochs: 2, seed: 7, optimizer: { ...training.optimizer, nesterov: true } },
          },
          out: join(folder, 'run'),
        },
      },
    ]);
    expect(engine.ends).toEqual(['stop']);
  });

  it('prints a line an epoch and how it ended', async () => {
    const { stdout, stderr } = await runFakeCli(train('--epochs', '2'), { cwd: folder });
    const lines = stdout.split('\n');
    expect(lines[0]).toBe('8 training images, 4 validation images, 2 classes: ants, bees');
    expect(lines[1]).toMatch(/epoch\s+train loss\s+acc\s+val loss\s+acc\s+lr\s+images\/s\s+left/);
    expect(lines[2]).toMatch(/^\s*1\/2\s+0\.6000\s+60\.0 %\s+0\.5000\s+70\.0 %\s+0\.01\s+57\.5\s+5\.0 s$/);
    expect(lines[3]).toMatch(/^\s*2\/2\s+0\.3000\s+70\.0 %\s+0\.2500\s+80\.0 %\s+0\.01\s+57\.5$/);
    expect(stdout).toContain('Best epoch 2: validation accuracy 80.0 % (95 % interval 50.0–95.0 %), loss 0.2500');
    expect(stdout).toContain('Took 1 min 11 s: preparing 1.0 s, training 8.0 s, validating 2.0 s');
    expect(stdout).toContain('The run is in run\n');
    expect(stdout).toContain('  graft evaluate run\n  graft predict run PHOTO…\n  graft export run --out run-tfjs\n');
    expect(stderr).toBe('');
  });

  it('prints one JSON object an event with --json, and nothing else on stdout', async () => {
    const run = await runFakeCli(train('--epochs', '2', '--json'), { cwd: folder });
    const [started, first, second, ended, ...more] = run.json();
    expect(more).toEqual([]);
    const out = join(folder, 'run');
    expect(started).toEqual({
      event: 'train.started',
      run: out,
      classes: ['ants', 'bees'],
      images: { train: 8, val: 4 },
      steps: 4,
      epochsDone: 0,
    });
    expect(first).toMatchObject({
      event: 'train.epoch',
      epoch: 1,
      train: { loss: 0.6, accuracy: 0.6 },
      val: { loss: 0.5, accuracy: 0.7 },
      lr: 0.01,
      imagesPerSecond: 57.5,
      seconds: { train: 4, validate: 1 },
    });
    expect(second).toMatchObject({ event: 'train.epoch', epoch: 2 });
    expect(ended).toMatchObject({
      event: 'train.ended',
      reason: 'completed',
      run: out,
      best: { epoch: 2, val: { loss: 0.25 } },
      seconds: { prepare: 1, train: 8, validate: 2, total: 71 },
    });
  });

  it('moves a bar on a terminal, for the preparation and within an epoch', async () => {
    const { stderr } = await runFakeCli(train('--epochs', '2'), { cwd: folder, isTTY: true });
    expect(stderr).toContain('Reading images  [############------------] 50 %  4/8 images');
    expect(stderr).toContain('Training: epoch 1/2  [########################] 100 %  2/2 steps');
    expect(stderr).toContain('Training: epoch 2/2');
    expect(stderr.endsWith('\r\u001b[K')).toBe(true);
  });

  it('keeps the run when it is interrupted, and says so by its exit code', async () => {
    const engine = createFakeEngine({ holdAfterEpoch: 2 });
    const run = await runFakeCli(train('--epochs', '9'), {
      engine,
      cwd: folder,
      onStart: (interrupt) => {
        engine.onEpoch = (epoch) => {
          if (epoch === 2) interrupt();
        };
      },
    });
    expect(run.code).toBe(130);
    expect(engine.calls.map(({ method }) => method)).toEqual(['train.start', 'train.stop']);
    expect(engine.calls[1]!.params).toEqual({ run: join(folder, 'run') });
    expect(engine.ends).toEqual(['stop']);
    expect(run.stderr).toContain('press Ctrl-C again to end at once');
    expect(run.stdout).toContain('Stopped; the best weights so far are kept.');
    expect(run.stdout).toContain('Best epoch 2');
  });

  it('kills the engine at the second interrupt', async () => {
    const engine = createFakeEngine({
      holdAfterEpoch: 1,
      handlers: { 'train.stop': () => new Promise(() => undefined) },
    });
    const run = await runFakeCli(train(), {
      engine,
      cwd: folder,
      onStart: (interrupt) => {
        engine.onEpoch = () => {
          interrupt();
          interrupt();
        };
      },
    });
    expect(run.code).toBe(130);
    expect(engine.ends).toEqual(['kill', 'stop']);
    expect(run.stderr).toContain('Interrupted.');
  });

  it('ends when it is interrupted before the run has begun', async () => {
    let interruptNow = (): void => undefined;
    const engine = createFakeEngine({
      handlers: {
        'train.start': () => {
          setImmediate(interruptNow);
          return new Promise(() => undefined);
        },
        'train.stop': async () => {
          throw new GraftError('not-found', 'no run in progress');
        },
      },
    });
    const run = await runFakeCli(train(), {
      engine,
      cwd: folder,
      onStart: (interrupt) => (interruptNow = interrupt),
    });
    expect(run.code).toBe(130);
    expect(engine.ends).toEqual(['stop']);
  });

  it("fails with the engine's reason when the run fails", async () => {
    const failing = (code: 'diverged' | 'cancelled') => {
      const engine = createFakeEngine();
      const { startEngine } = engine;
      engine.startEngine = (options) => {
        const connection = startEngine(options);
        const { client } = connection;
        return {
          ...connection,
          client: {
            ...client,
            on: (name, listener) => {
              if (name === 'train.failed') {
                setImmediate(() => listener({ run: '/r', error: { code, message: 'it went wrong' } } as never, 1));
              }
              return () => undefined;
            },
          },
        };
      };
      return engine;
    };
    const diverged = await runFakeCli(train('--json'), { engine: failing('diverged'), cwd: folder });
    expect(diverged.code).toBe(1);
    expect(diverged.json()).toEqual([
      { event: 'train.failed', run: '/r', error: { code: 'diverged', message: 'it went wrong' } },
    ]);
    expect(diverged.stderr).toBe('graft: it went wrong [diverged]\n');
    const cancelled = await runFakeCli(train(), { engine: failing('cancelled'), cwd: folder });
    expect(cancelled.code).toBe(130);
    expect(cancelled.stdout).toBe('');
  });

  it('fails when the engine dies while it trains', async () => {
    const engine = createFakeEngine({ holdAfterEpoch: 1 });
    const { startEngine } = engine;
    engine.startEngine = (options) => {
      const connection = startEngine(options);
      engine.onEpoch = () => connection.kill();
      return connection;
    };
    const run = await runFakeCli(train(), { engine, cwd: folder });
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('[engine-crashed]');
  });

  it('refuses a folder that holds something, before the engine starts', async () => {
    const out = join(folder, 'used');
    mkdirSync(out);
    writeFileSync(join(out, 'recipe.json'), '{}');
    const engine = createFakeEngine();
    const run = await runFakeCli(['train', '--data', 'd', '--out', out], { engine, cwd: folder });
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(
      /--out: expected a new or empty folder.*holds 1 entries.*choose another.*\[already-exists\]/,
    );
    expect(engine.ends).toEqual([]);
    const onFile = await runFakeCli(['train', '--data', 'd', '--out', join(out, 'recipe.json')], {
      engine,
      cwd: folder,
    });
    expect(onFile.stderr).toMatch(/is a file.*\[already-exists\]/);
  });

  it('accepts an empty folder', async () => {
    const out = join(folder, 'empty');
    mkdirSync(out);
    expect((await runFakeCli(['train', '--data', 'd', '--out', out, '--epochs', '1'], { cwd: folder })).code).toBe(0);
  });

  it('replays a recipe file', async () => {
    const file = join(folder, 'recipe.json');
    writeFileSync(file, JSON.stringify(createRecipe('/data/insects')));
    const engine = createFakeEngine();
    const run = await runFakeCli(['train', '--recipe', file, '--out', 'again', '--epochs', '1'], {
      engine,
      cwd: folder,
    });
    expect(run.code).toBe(0);
    expect(engine.calls[0]!.params).toMatchObject({
      recipe: { data: { path: '/data/insects' }, training: { epochs: 1 } },
    });
  });

  it.each([
    [['train', '--data', 'd'], /required option '--out <run>'/],
    [train('--epochs', 'x'), /--epochs.*expected a whole number of at least 1, received "x"/],
    [train('--mode', 'thaw'), /--mode.*Allowed choices are freeze, fine-tune/],
    [train('--optimizer', 'lion'), /sgd, adam, adamw/],
    [train('--schedule', 'linear'), /constant, step, cosine, one-cycle/],
    [train('--preset', 'mine'), /default, tutorial/],
    [train('--stages', '2'), /--stages.*--mode fine-tune/],
    [['train', '--out', 'run'], /expected --data/],
    [train('--epoch', '3'), /unknown option '--epoch'.*--epochs/s],
    [train('extra'), /too many arguments/],
  ])('exits with 2 for %j', async (argv, message) => {
    const engine = createFakeEngine();
    const run = await runFakeCli(argv, { engine, cwd: folder });
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(message);
    expect(run.stdout).toBe('');
    expect(engine.ends).toEqual([]);
  });
});
