import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { measureRow } from '../../../../../src/main/cli/bench/rounds.js';
import { type BenchReport, parseReport } from '../../../../../src/main/cli/bench/report.js';
import type { RowPlan } from '../../../../../src/main/cli/bench/plan.js';
import { GraftError } from '../../../../../src/shared/errors.js';
import { runFakeCli } from '../../../../support/cli.js';
import { createFakeEngine } from '../../../../support/fake-engine.js';
import { makeFolder, photoBytes, putFile, removeFolder } from '../../../../support/images.js';

const folder = makeFolder('bench');
const places = { TMPDIR: join(folder, 'tmp'), GRAFT_HOME: join(folder, 'home') };

beforeAll(async () => {
  putFile(join(places.TMPDIR, '.keep'), '');
  const photo = await photoBytes(20, 16, 1);
  for (const name of ['a', 'b']) for (let i = 0; i < 6; i++) putFile(join(folder, 'photos', name, `${i}.jpg`), photo);
  for (const [name, value] of Object.entries(places)) vi.stubEnv(name, value);
});
afterAll(() => {
  vi.unstubAllEnvs();
  removeFolder(folder);
});

const bench = (...more: string[]): string[] => [
  'bench',
  '--data',
  'photos',
  '--backbones',
  'efficientnet_lite2',
  ...more,
];

describe('graft bench', () => {
  it('trains what each row is about, and prints a report that can be shown again', async () => {
    const engine = createFakeEngine();
    const rows = ['--rows', 'frozen,finetune,job,second-run', '--job-epochs', '3', '--rounds', '2', '--profile'];
    const { code, stdout, stderr } = await runFakeCli(bench(...rows, '--json'), { engine, cwd: folder });
    expect(stderr).toContain('[1/6] Fake network, frozen: graft, round 1');
    expect(code).toBe(0);
    const report: BenchReport = parseReport(JSON.parse(stdout));
    expect(report.rows.map(({ id }) => id)).toEqual([
      ...['frozen/efficientnet_lite2', 'finetune/efficientnet_lite2', 'job/plain', 'job/views'],
      ...['second-run/learning-rate', 'second-run/renamed'],
    ]);
    expect(report.rows[0]!.results).toEqual([
      {
        subject: 'graft',
        note: null,
        rounds: Array(2).fill({ imagesPerSecond: 57.5, epochSeconds: 4, waitSeconds: 0.1 }),
      },
    ]);
    expect(report.rows[2]!.results[0]!.rounds[0]).toMatchObject({ trainSeconds: 15, accuracy: 0.9 });
    expect(report.settings).toMatchObject({ images: { train: 8, val: 4 }, rounds: 2, jobEpochs: 3 });
    // The fake engine does not profile.
    expect(report.profiles).toEqual([]);

    const recipes = engine.calls.flatMap(
      ({ method, params }) =>
      method === 'train.start' ? [(params as { recipe: { mode: string; training: { views: number | null; learningRate: number }; data: { rename: object }; augment: { steps: unknown[] } } }).recipe] : [], // prettier-ignore
    );
    // Two rounds of each row, the shared job once a round, and two profiles.
    expect(recipes).toHaveLength(14);
    expect(recipes.slice(0, 4).map(({ mode }) => mode)).toEqual(['freeze', 'freeze', 'fine-tune', 'fine-tune']);
    const drawn = recipes
      .slice(4, 12)
      .map(({ training, augment }) => `${training.views} ${augment.steps.length} ${training.learningRate}`);
    const twice = (text: string): string[] => [text, text];
    expect(drawn).toEqual(['null 0 0.01', '4 2 0.01', 'null 0 0.02', 'null 0 0.01'].flatMap(twice));
    expect(recipes[11]!.data.rename).toEqual({ a: 'a renamed' });

    putFile(join(folder, 'report.json'), stdout);
    const shown = await runFakeCli(['bench', '--report', 'report.json', '--markdown'], { cwd: folder });
    expect(shown.stdout).toContain('| Fake network, frozen | Graft | 57.5 (57.5–57.5) |');
    expect(shown.code).toBe(0);
  });

  it('leaves nothing behind', () => {
    expect(readdirSync(places.TMPDIR)).toEqual(['.keep']);
  });

  it('says who is missing and why, and never makes numbers up', async () => {
    const { code, stdout, stderr } = await runFakeCli(bench('--rows', 'frozen', '--python', process.execPath), { cwd: folder }); // prettier-ignore
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/--python: expected a Python interpreter/);
    const { PATH = '' } = process.env;
    vi.stubEnv('PATH', join(folder, 'nothing'));
    const run = await runFakeCli(bench('--rows', 'frozen', '--peers'), { cwd: folder });
    vi.stubEnv('PATH', PATH);
    expect(run.stdout).toMatch(/PyTorch script: not measured: no Python was found; name one that has torch/);
    expect(run.code).toBe(0);
  });

  it('goes on after a row that fails, and fails when all do', async () => {
    const engine = createFakeEngine({
      handlers: {
        'train.start': async () => {
          throw new GraftError('out-of-memory', 'the fake has no memory');
        },
      },
    });
    const run = await runFakeCli(bench('--rows', 'frozen,finetune'), { engine, cwd: folder });
    expect(run.stdout).toContain('Fake network, frozen, Graft: not measured: the fake has no memory');
    expect(run.stdout).toContain('Fake network, fine-tuned, Graft: not measured');
    expect(run.code).toBe(1);
  });

  it('ends at an interrupt', async () => {
    const engine = createFakeEngine({ holdAfterEpoch: 1 });
    const run = await runFakeCli(bench('--rows', 'frozen'), {
      engine,
      cwd: folder,
      onStart: (interrupt) => (engine.onEpoch = interrupt),
    });
    expect(run.code).toBe(130);
    expect(engine.ends).toContain('kill');
    expect(readdirSync(places.TMPDIR)).toEqual(['.keep']);
  });

  it('refuses wrong use before anything starts', async () => {
    const engine = createFakeEngine();
    const run = await runFakeCli(['bench', '--rows', 'speed'], { engine, cwd: folder });
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('expected some of frozen,finetune');
    expect((await runFakeCli(['bench', '--json', '--markdown'], { engine, cwd: folder })).code).toBe(2);
    expect(engine.calls).toEqual([]);
  });
});

describe('the rounds of a row', () => {
  it('alternate, and leave out who fails from then on', async () => {
    const order: string[] = [];
    const contender = (subject: 'graft' | 'script', failsAt = 0) => ({
      subject,
      measure: async (round: number) => {
        order.push(`${subject} ${round}`);
        if (round === failsAt) throw new GraftError('unsupported', 'it died');
        return { metrics: { imagesPerSecond: round } };
      },
    });
    const plan: RowPlan = {
      ...{ id: 'x', group: 'frozen', label: 'x', metric: 'imagesPerSecond' },
      contenders: [contender('graft'), contender('script', 2), { subject: 'keras', reason: 'not installed' }],
    };
    const row = await measureRow(plan, 3, () => undefined);
    expect(order).toEqual(['graft 1', 'script 1', 'graft 2', 'script 2', 'graft 3']);
    expect(row.results.map(({ rounds }) => rounds.length)).toEqual([3, 1]);
    expect(row.missing).toEqual([
      { subject: 'script', reason: 'it died' },
      { subject: 'keras', reason: 'not installed' },
    ]);
  });
});
