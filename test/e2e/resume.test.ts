import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { getBackbone } from '../../src/main/engine/backbones/registry.js';
import type { EpochMetrics, RunSummary } from '../../src/shared/reports.js';
import { writeClassFolder } from '../support/class-folder.js';
import { graft, type GraftResult, isBuilt } from '../support/graft.js';
import { makeFolder, putFile, removeFolder } from '../support/images.js';
import { formulaWeights } from '../support/networks.js';
import { encodeCheckpoint } from '../support/torch-writer.js';

const root = makeFolder('killed');
const data = join(root, 'photos');
const env = { GRAFT_HOME: join(root, 'home') };
const EPOCHS = 20;
const TRAIN = [
  '--backbone',
  'test_tiny',
  '--mode',
  'fine-tune',
  '--batch',
  '8',
  '--optimizer',
  'adamw',
  '--lr',
  '0.005',
];
const START = ['train', '--data', data, ...TRAIN, '--epochs', String(EPOCHS), '--json'];

const summaryOf = (run: string) => JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')) as RunSummary;
const weightsOf = (run: string): Buffer => readFileSync(join(run, 'model', 'weights.safetensors'));
const numbersOf = (run: string) =>
  readFileSync(join(run, 'metrics.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as EpochMetrics)
    .map(({ epoch, train, val, lr }) => ({ epoch, train, val, lr }));

/** The engine's own process: it says which in the run's folder. */
const engineOf = (run: string): number => Number.parseInt(readFileSync(join(run, '.running'), 'utf8'), 10);
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Runs a command that trains `run`, and calls `strike` some milliseconds after its nth line about an epoch. */
async function trainUntil(
  args: readonly string[],
  at: { readonly epochs: number; readonly delayMs: number },
  strike: (commandLine: number) => void,
  options: Readonly<Record<string, string>> = {},
): Promise<GraftResult> {
  let seen = 0;
  return await graft(args, {
    env: { ...env, ...options },
    onLine: (line, child) => {
      if (line.includes('train.epoch') && ++seen === at.epochs) setTimeout(() => strike(child.pid!), at.delayMs);
    },
  });
}

describe('a run whose process is killed', () => {
  let whole = '';
  beforeAll(async () => {
    expect(isBuilt(), 'run "npm run build" before this test').toBe(true);
    await writeClassFolder(data, ['a', 'b'], { train: 14, val: 5 });
    const definition = getBackbone('test_tiny');
    const file = join(root, 'tiny.pth');
    putFile(file, await encodeCheckpoint(formulaWeights(definition.build()), 'torch-zip'));
    expect((await graft(['backbones', 'import', 'test_tiny', file], { env })).code).toBe(0);
    whole = join(root, 'whole');
    const result = await graft([...START, '--out', whole], { env });
    expect(result.code, result.stderr).toBe(0);
  });
  afterAll(() => removeFolder(root));

  it('goes on after kill -9, again and again, with the numbers of a run that never was killed', async () => {
    const run = join(root, 'killed');
    const resume = ['train', '--resume', run, '--json'];
    const kill = (): void => void process.kill(engineOf(run), 'SIGKILL');
    const first = await trainUntil([...START, '--out', run], { epochs: 2, delayMs: 7 }, kill);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('engine-crashed');
    expect(first.stderr).toContain(`graft train --resume`);
    for (const [index, delayMs] of [0, 23].entries()) {
      const result = await trainUntil(resume, { epochs: 1 + index, delayMs }, kill);
      expect(result.code, result.stderr).toBe(1);
      expect(result.json()[0]).toMatchObject({ event: 'train.started' });
      expect(result.json()[0]!['epochsDone']).toBeGreaterThan(0);
    }
    const last = await graft(resume, { env });
    expect(last.code, last.stderr).toBe(0);
    expect(numbersOf(run)).toEqual(numbersOf(whole));
    expect(weightsOf(run).equals(weightsOf(whole))).toBe(true);
    const { reason, epochs, resumed } = summaryOf(run);
    expect({ reason, epochs }).toEqual({ reason: 'completed', epochs: EPOCHS });
    // One that was killed before its own first checkpoint leaves no trace.
    expect(resumed).toBeGreaterThan(0);
    expect(resumed).toBeLessThanOrEqual(3);
    expect(readdirSync(run).sort()).toEqual(readdirSync(whole).sort());
    expect((await graft(resume, { env })).stderr).toContain('has ended (completed)');
  });

  it('is kept by its engine when the command line is killed, though nobody listens any more', async () => {
    const run = join(root, 'orphaned');
    // An engine that has something to say all the time: each word is a broken pipe once its host is dead.
    const chatter = "data:text/javascript,setInterval(()=>{console.error('still here');console.log('here')},5).unref()";
    let engine = 0;
    const killed = await trainUntil(
      [...START, '--out', run],
      { epochs: 2, delayMs: 5 },
      (commandLine) => {
        engine = engineOf(run);
        process.kill(commandLine, 'SIGKILL');
      },
      { NODE_OPTIONS: `--import ${JSON.stringify(chatter)}` },
    );
    expect(killed.code).toBeNull();
    await vi.waitFor(() => expect(isAlive(engine)).toBe(false), { timeout: 30_000, interval: 50 });
    expect(summaryOf(run).reason).toBe('stopped');
    expect(existsSync(join(run, '.running'))).toBe(false);
    expect((await graft(['evaluate', run], { env })).code).toBe(0);
    const result = await graft(['train', '--resume', run, '--json'], { env });
    expect(result.code, result.stderr).toBe(0);
    expect(numbersOf(run)).toEqual(numbersOf(whole));
    expect(weightsOf(run).equals(weightsOf(whole))).toBe(true);
  });
});
