import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBackbone } from '../../src/main/engine/backbones/registry.js';
import { parseRecipe } from '../../src/shared/recipe.js';
import type { EpochMetrics, RunSummary } from '../../src/shared/reports.js';
import { CHROMIUM_PATH, openTensorFlowPage, predictInPage } from '../support/browser.js';
import { classPhoto, writeClassFolder } from '../support/class-folder.js';
import { graft, isBuilt } from '../support/graft.js';
import { makeFolder, putFile, removeFolder } from '../support/images.js';
import { formulaWeights } from '../support/networks.js';
import { encodeCheckpoint } from '../support/torch-writer.js';

const CLASSES = ['红', "it's blue"];
const root = makeFolder('story');
const data = join(root, 'my photos');
const run = join(root, 'run');
const env = { GRAFT_HOME: join(root, 'home') };

const readJson = <T>(...parts: string[]): T => JSON.parse(readFileSync(join(...parts), 'utf8')) as T;
const readMetrics = (folder: string): EpochMetrics[] =>
  readFileSync(join(folder, 'metrics.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as EpochMetrics);
/** Everything in an epoch's line that is not a time. */
const numbersOf = ({ epoch, train, val, lr }: EpochMetrics) => ({ epoch, train, val, lr });

const TRAIN = ['--backbone', 'test_tiny', '--epochs', '8', '--batch', '8', '--lr', '0.1', '--seed', '7'];

describe('the command line, from a folder of images to an exported classifier', () => {
  beforeAll(async () => {
    expect(isBuilt(), 'run "npm run build" before this test').toBe(true);
    await writeClassFolder(data, CLASSES, { train: 12, val: 10 });
    putFile(join(data, 'train', CLASSES[0]!, 'notes.txt'), 'not a picture');
  });
  afterAll(() => removeFolder(root));

  it('imports weights', async () => {
    const definition = getBackbone('test_tiny');
    const file = join(root, 'tiny.pth');
    putFile(file, await encodeCheckpoint(formulaWeights(definition.build()), 'torch-legacy'));
    const result = await graft(['backbones', 'import', 'test_tiny', file], { env });
    expect(result.stderr + result.stdout).toContain('test_tiny');
    expect(result.code).toBe(0);
    expect(existsSync(join(env.GRAFT_HOME, 'backbones', 'test_tiny.safetensors'))).toBe(true);
  });

  it('inspects the data set and lists what it leaves out', async () => {
    const result = await graft(['dataset', 'inspect', data, '--json'], { env });
    expect(result.code).toBe(0);
    const [report] = result.json();
    expect(report).toMatchObject({
      layout: 'splits',
      classes: [
        { name: "it's blue", train: 12, val: 10, test: 0 },
        { name: '红', train: 12, val: 10, test: 0 },
      ],
    });
    expect(report!['problems']).toMatchObject([{ path: 'train/红/notes.txt', code: 'not-an-image' }]);
  });

  it('writes what the network would see', async () => {
    const out = join(root, 'seen');
    const options = ['--out', out, '--backbone', 'test_tiny', '--augment', 'tutorial', '--images', '3', '--views', '2'];
    const result = await graft(['augment', '--data', data, ...options], { env });
    expect(result.code, result.stderr).toBe(0);
    expect(readdirSync(out).filter((name) => name.endsWith('.png'))).toHaveLength(6);
    expect(readJson<{ pictures: unknown[] }>(out, 'plan.json').pictures).toHaveLength(6);
  });

  it('trains with live numbers into a run folder', async () => {
    const result = await graft(['train', '--data', data, ...TRAIN, '--out', run, '--json'], { env });
    expect(result.code, result.stderr).toBe(0);
    const events = result.json();
    const epochs = events.filter((event) => event['event'] === 'train.epoch');
    expect(epochs).toHaveLength(8);
    expect(epochs[0]).toMatchObject({ epoch: 1, seconds: { train: expect.any(Number) as number } });
    expect(events.at(-1)).toMatchObject({ event: 'train.ended', reason: 'completed', run });
    const summary = readJson<RunSummary>(run, 'summary.json');
    expect(summary).toMatchObject({ backbone: 'test_tiny', images: { train: 24, val: 20, excluded: 1 }, epochs: 8 });
    expect(summary.best.val.accuracy).toBeGreaterThanOrEqual(0.9);
    expect(parseRecipe(readJson(run, 'recipe.json')).data.path).toBe(data);
    expect(readdirSync(join(run, 'model')).sort()).toEqual(['model.json', 'self-test.png', 'weights.safetensors']);
  });

  it('replays a run from its recipe, number for number', async () => {
    const again = join(root, 'again');
    const result = await graft(['train', '--recipe', join(run, 'recipe.json'), '--out', again], { env });
    expect(result.code, result.stderr).toBe(0);
    expect(readMetrics(again).map(numbersOf)).toEqual(readMetrics(run).map(numbersOf));
    const bytes = (folder: string): Buffer => readFileSync(join(folder, 'model', 'weights.safetensors'));
    expect(bytes(again).equals(bytes(run))).toBe(true);
  });

  it('refuses to write over a run', async () => {
    const result = await graft(['train', '--data', data, ...TRAIN, '--out', run], { env });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('--out');
  });

  it('evaluates to the best epoch of the run', async () => {
    const result = await graft(['evaluate', run, '--json'], { env });
    expect(result.code, result.stderr).toBe(0);
    const [report] = result.json();
    const { best } = readJson<RunSummary>(run, 'summary.json');
    expect(report!['accuracy']).toBe(best.val.accuracy);
    expect(report!['predictions']).toHaveLength(20);
    expect(report!['confusion']).toHaveLength(2);
  });

  it('predicts new photos, and says which files it skipped', async () => {
    const photos = join(root, 'new');
    putFile(join(photos, 'a "red" one.jpg'), await classPhoto(0, 5001));
    putFile(join(photos, 'blue.jpg'), await classPhoto(1, 5002));
    putFile(join(photos, 'broken.jpg'), 'no');
    const result = await graft(['predict', run, photos, '--json'], { env });
    expect(result.code, result.stderr).toBe(0);
    const images = result.json()[0]!['images'] as { path: string; probabilities: Record<string, number> }[];
    expect(images).toHaveLength(2);
    for (const { path, probabilities } of images) {
      const expected = path.includes('red') ? '红' : "it's blue";
      expect(probabilities[expected], path).toBeGreaterThan(0.5);
    }
    expect(result.stderr).toContain('broken.jpg');
  });

  it('computes features', async () => {
    const photo = join(data, 'val', CLASSES[0]!, `${CLASSES[0]}-0.jpg`);
    const result = await graft(['features', photo, '--backbone', 'test_tiny', '--json'], { env });
    expect(result.code, result.stderr).toBe(0);
    expect(result.json()[0]).toMatchObject({ backbone: 'test_tiny', dimension: 32 });
  });

  it('exports a model that tests itself and predicts alike', async () => {
    const out = join(root, 'export');
    const result = await graft(['export', run, '--out', out, '--json'], { env });
    expect(result.code, result.stderr).toBe(0);
    const report = result.json()[0] as { selfTest: { maxDifference: number } };
    expect(report.selfTest.maxDifference).toBeLessThan(1e-4);
    const photo = join(data, 'val', CLASSES[1]!, `${CLASSES[1]}-3.jpg`);
    const probabilitiesOf = async (model: string): Promise<number[]> => {
      const predicted = await graft(['predict', model, photo, '--json'], { env });
      const images = predicted.json()[0]!['images'] as { probabilities: Record<string, number> }[];
      return Object.values(images[0]!.probabilities);
    };
    const own = await probabilitiesOf(run);
    (await probabilitiesOf(out)).forEach((share, index) => expect(share).toBeCloseTo(own[index]!, 4));
  });

  it.skipIf(CHROMIUM_PATH === null)('gives its self-test probabilities in a browser', async () => {
    const out = join(root, 'export');
    const page = await openTensorFlowPage(out, CHROMIUM_PATH!);
    try {
      const { expected, image } = readJson<{ expected: Record<string, number>; image: string }>(out, 'self-test.json');
      const [received] = await predictInPage(page, 'model.json', [image]);
      Object.values(expected).forEach((share, index) => expect(received![index]).toBeCloseTo(share, 4));
    } finally {
      await page.close();
    }
  });

  it('stops and keeps the run on Ctrl-C', async () => {
    const stopped = join(root, 'stopped');
    const options = ['--backbone', 'test_tiny', '--epochs', '5000', '--batch', '8', '--out', stopped, '--json'];
    let isSent = false;
    const result = await graft(['train', '--data', data, ...options], {
      env,
      onLine: (line, child) => {
        if (isSent || !line.includes('train.epoch')) return;
        isSent = true;
        child.kill('SIGINT');
      },
    });
    expect(result.code, result.stderr).toBe(130);
    const summary = readJson<RunSummary>(stopped, 'summary.json');
    expect(summary.reason).toBe('stopped');
    expect(summary.epochs).toBeLessThan(5000);
    expect((await graft(['evaluate', stopped], { env })).code).toBe(0);
  });

  it('says what is wrong with a model whose weights have changed', async () => {
    const weights = join(run, 'model', 'weights.safetensors');
    renameSync(weights, `${weights}.kept`);
    const bytes = readFileSync(`${weights}.kept`);
    bytes[bytes.length - 1]! ^= 1;
    putFile(weights, bytes);
    const result = await graft(['evaluate', run], { env });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('has changed');
    renameSync(`${weights}.kept`, weights);
  });

  it.each([
    [2, ['train', '--nonsense']],
    [2, ['train', '--data', 'x', '--epochs', 'many', '--out', 'y']],
    [1, ['train', '--data', join(root, 'nowhere'), '--out', join(root, 'y')]],
    [1, ['evaluate', join(root, 'nowhere')]],
  ])('exits with %i on %j', async (code, args) => {
    const result = await graft(args, { env });
    expect(result.code, result.stderr).toBe(code);
    expect(result.stderr.length).toBeGreaterThan(20);
  });

  const node24 = process.env['GRAFT_TEST_NODE24'];
  it.skipIf(node24 === undefined)('trains on Node 24, too', async () => {
    const folder = join(root, 'node24');
    const result = await graft(['train', '--data', data, ...TRAIN, '--out', folder], { env, node: node24! });
    expect(result.code, result.stderr).toBe(0);
    expect(readMetrics(folder).map(numbersOf)).toEqual(readMetrics(run).map(numbersOf));
  });
});
