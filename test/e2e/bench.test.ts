import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseReport } from '../../src/main/cli/bench/report.js';
import { getBackbone } from '../../src/main/engine/backbones/registry.js';
import { graft, isBuilt } from '../support/graft.js';
import { makeFolder, putFile, removeFolder } from '../support/images.js';
import { formulaWeights } from '../support/networks.js';
import { encodeCheckpoint } from '../support/torch-writer.js';

const root = makeFolder('bench-story');
const env = { GRAFT_HOME: join(root, 'home'), TMPDIR: join(root, 'tmp') };

describe('graft bench, on a tiny network and pictures that it makes', () => {
  beforeAll(async () => {
    expect(isBuilt(), 'run "npm run build" before this test').toBe(true);
    putFile(join(env.TMPDIR, '.keep'), '');
    const definition = getBackbone('test_tiny');
    const file = join(root, 'tiny.pth');
    putFile(file, await encodeCheckpoint(formulaWeights(definition.build()), 'torch-legacy'));
    expect((await graft(['backbones', 'import', 'test_tiny', file], { env })).code).toBe(0);
  });
  afterAll(() => removeFolder(root));

  it('measures its rows, says where the time goes, and clears up', async () => {
    const rows = 'frozen,finetune,cache,memory,many';
    const size = ['--images', '8', '--many-images', '20', '--job-epochs', '2', '--batch', '8'];
    const run = await graft(['bench', '--rows', rows, '--backbones', 'test_tiny', ...size, '--profile', '--json'], {
      env,
    });
    expect(run.code, run.stderr).toBe(0);
    const report = parseReport(JSON.parse(run.stdout));
    const numbers = new Map(
      report.rows.map(({ id, results }) => [id, results.find(({ subject }) => subject === 'graft')?.rounds[0] ?? {}]),
    );
    for (const id of ['frozen/test_tiny', 'finetune/test_tiny', 'memory/test_tiny']) {
      const { imagesPerSecond = 0, epochSeconds = 0, peakMemoryBytes = 0 } = numbers.get(id)!;
      expect(imagesPerSecond * epochSeconds, id).toBeCloseTo(16, 0);
      expect(peakMemoryBytes, id).toBeGreaterThan(50e6);
    }
    expect(numbers.get('cache')!.imagesPerSecond).toBeGreaterThan(0);
    expect(numbers.get('many')!.scanImagesPerSecond).toBeGreaterThan(0);
    // The tiny network is in no list, so nobody knows at which size sharp would have to decode for it.
    expect(report.rows.flatMap(({ missing }) => missing).map(({ subject }) => subject)).toEqual(['sharp']);

    expect(report.profiles.map(({ label }) => label)).toEqual(['test_tiny, frozen', 'test_tiny, fine-tuned']);
    const [frozen, tuned] = report.profiles.map(({ profile }) => profile);
    expect([frozen!.steps, frozen!.images]).toEqual([2, 16]);
    expect(frozen!.seconds.frozen).toBeGreaterThan(0);
    expect(frozen!.seconds.augment).toBeGreaterThan(0);
    expect(tuned!.seconds.forward).toBeGreaterThan(0);
    expect(tuned!.seconds.epoch).toBeGreaterThan(tuned!.seconds.forward + tuned!.seconds.probing);
    expect(readdirSync(env.TMPDIR)).toEqual(['.keep']);
  });
});
