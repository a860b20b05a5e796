import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRecipe } from '../../../../src/shared/recipe.js';
import { runFakeCli } from '../../../support/cli.js';
import { createFakeEngine } from '../../../support/fake-engine.js';

describe('graft train --resume', () => {
  let folder = '';
  const run = (): string => join(folder, 'half');
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'graft-cli-'));
    mkdirSync(run());
    writeFileSync(join(run(), 'recipe.json'), JSON.stringify(createRecipe('/data/insects')));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('goes on with a run, and with nothing else', async () => {
    const engine = createFakeEngine();
    const result = await runFakeCli(['train', '--resume', 'half'], { engine, cwd: folder });
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    expect(engine.calls).toEqual([{ method: 'train.resume', params: { run: run() } }]);
    expect(result.stdout).toContain('Going on after 3 epochs.');
    expect(result.stdout).toContain('graft evaluate half');
  });

  it.each([
    [['--epochs', '3'], /--resume alone, received also --epochs: a run goes on with its own recipe/],
    [['--label-smoothing', '0.1'], /received also --label-smoothing/],
    [['--out', 'other'], /received also --out/],
  ])('refuses %j beside it', async (more, message) => {
    const result = await runFakeCli(['train', '--resume', 'half', ...more], { cwd: folder });
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(message);
  });

  it('says so where there is no run', async () => {
    const engine = createFakeEngine();
    const result = await runFakeCli(['train', '--resume', 'nowhere'], { engine, cwd: folder });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/--resume: expected a JSON file at .*nowhere.*\[not-found\]/);
    expect(engine.ends).toEqual([]);
  });

  it('is named when a run is stopped, or fails with a checkpoint', async () => {
    const engine = createFakeEngine({ holdAfterEpoch: 1 });
    const stopped = await runFakeCli(['train', '--data', 'd', '--out', 'run'], {
      engine,
      cwd: folder,
      onStart: (interrupt) => (engine.onEpoch = interrupt),
    });
    expect(stopped.stdout).toContain('  graft train --resume run\n');
    const dying = createFakeEngine({ holdAfterEpoch: 1 });
    const { startEngine } = dying;
    dying.startEngine = (options) => {
      const connection = startEngine(options);
      dying.onEpoch = () => {
        mkdirSync(join(folder, 'dies', 'checkpoint'), { recursive: true });
        connection.kill();
      };
      return connection;
    };
    const died = await runFakeCli(['train', '--data', 'd', '--out', 'dies'], { engine: dying, cwd: folder });
    expect(died.code).toBe(1);
    expect(died.stderr).toContain('can go on from its last checkpoint: graft train --resume dies\n');
  });
});
