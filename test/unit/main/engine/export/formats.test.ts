import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportRun } from '../../../../../src/main/engine/export/export-run.js';
import { EXPORTERS, listExportFormats } from '../../../../../src/main/engine/export/registry.js';
import { predictFiles } from '../../../../../src/main/engine/insight/predict.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import type { CallContext } from '../../../../../src/shared/contract.js';
import { FRAMINGS } from '../../../../../src/shared/input.js';
import { CHROMIUM_PATH, openTensorFlowPage } from '../../../../support/browser.js';
import { makeFolder, putFile, removeFolder } from '../../../../support/images.js';
import { photoPng, writeModelRun } from '../../../../support/model-run.js';
import { ROOT } from '../../../../support/shared-data.js';

const root = makeFolder('formats');
const context: CallContext = { signal: new AbortController().signal, onProgress: () => undefined };
const photo = join(root, 'photo.png');
const CLASSES = ['ant', 'bee "quoted"', '蝶'];
const run = promisify(execFile);
let exports = 0;

beforeAll(async () => putFile(photo, await photoPng(71, 53, 9)));
afterAll(() => removeFolder(root));

/** Exports an untrained run in a format, into a folder of its own. */
async function exported(format: string, framing: (typeof FRAMINGS)[number] = 'crop', backbone = 'test_tiny') {
  const id = `${format}-${exports++}`;
  const source = join(root, 'runs', id);
  await writeModelRun(source, { backbone, classes: CLASSES, framing });
  const out = join(root, 'exports', id);
  return { source, out, report: await exportRun({ run: source, format, out }, context) };
}

const shares = async (model: string): Promise<number[]> => {
  const { images } = await predictFiles({ model, paths: [photo], framing: null }, context);
  return CLASSES.map((name) => images[0]!.probabilities[name]!);
};

function expectClose(received: readonly number[], expected: readonly number[], digits: number): void {
  expect(received).toHaveLength(expected.length);
  received.forEach((share, index) => expect(share).toBeCloseTo(expected[index]!, digits));
}

describe('export formats', () => {
  it('are described with a program in one language each', () => {
    const formats = listExportFormats();
    expect(formats.map(({ id, sample }) => [id, sample.language])).toEqual([
      ['tfjs', 'html'],
      ['onnx', 'python'],
      ['saved-model', 'javascript'],
    ]);
    for (const { description, sample } of formats) {
      expect(description.length).toBeGreaterThan(20);
      expect(sample.code).toContain('self-test.json');
    }
  });

  it.each(EXPORTERS.map(({ id }) => id))(
    '%s tests itself on its own files, predicts alike, leaks nothing',
    async (id) => {
      const tf = await loadTensorFlow();
      const before = tf.memory().numTensors;
      const { source, out, report } = await exported(id);
      expect(report.selfTest.maxDifference).toBeLessThan(1e-5);
      expect(report.selfTest.expected).toHaveLength(3);
      expectClose(await shares(out), await shares(source), 5);
      expect(tf.memory().numTensors).toBe(before);
      const { mainFile, sample } = EXPORTERS.find((exporter) => exporter.id === id)!;
      const common = ['labels.json', 'preprocess.json', 'self-test.json', 'self-test.png'];
      expect(readdirSync(out)).toEqual(expect.arrayContaining([mainFile, sample.file, ...common]));
    },
  );

  it.each([
    ['onnx', 'mobilenet_v3_small'],
    ['onnx', 'resnet18'],
    ['onnx', 'efficientnet_b0'],
    ['saved-model', 'mobilenet_v3_small'],
  ])('%s keeps the numbers of %s', async (format, backbone) => {
    const { report } = await exported(format, 'crop', backbone);
    expect(report.selfTest.maxDifference).toBeLessThanOrEqual(1e-4);
    // A network that says the same of every picture would pass any comparison.
    expect(Math.max(...report.selfTest.expected) - Math.min(...report.selfTest.expected)).toBeGreaterThan(1e-3);
  });

  it.each(EXPORTERS.map(({ id, mainFile }) => [id, mainFile]))('%s refuses a broken %s', async (id, mainFile) => {
    const { out } = await exported(id, 'squash');
    putFile(join(out, mainFile), Buffer.from('not a model'));
    await expect(shares(out)).rejects.toMatchObject({ code: 'unreadable-file' });
  });

  it('notes where a run was exported to, the latest of a place', async () => {
    const { source, out } = await exported('tfjs', 'letterbox');
    removeFolder(out);
    await exportRun({ run: source, format: 'onnx', out }, context);
    const elsewhere = [1, 2, 3].map((n) => join(root, 'exports', `again-${n}`));
    await Promise.all(elsewhere.map((place) => exportRun({ run: source, format: 'onnx', out: place }, context)));
    const records = JSON.parse(readFileSync(join(source, 'exports.json'), 'utf8')) as { out: string; at: string }[];
    expect(records.map((record) => record.out).sort()).toEqual([out, ...elsewhere].sort());
    expect(records.find((record) => record.out === out)).toMatchObject({ format: 'onnx' });
    for (const { at } of records) expect(new Date(at).toISOString()).toBe(at);
  });

  it('refuses a format that it does not know', async () => {
    const { source } = await exported('tfjs', 'squash');
    await expect(exportRun({ run: source, format: 'pickle', out: join(root, 'x') }, context)).rejects.toMatchObject({
      code: 'invalid-value',
    });
  });
});

describe('the programs that come with an export', () => {
  it.each(FRAMINGS)('saved-model: tests itself and classifies a photo in Node.js, framing %s', async (framing) => {
    const { source, out } = await exported('saved-model', framing);
    symlinkSync(join(ROOT, 'node_modules'), join(out, 'node_modules'), 'junction');
    const sample = join(out, 'sample.mjs');
    // The same library under the name of its build for graphics cards, which is the one that is installed here.
    putFile(sample, readFileSync(sample, 'utf8').replaceAll("'@tensorflow/tfjs-node'", "'@tensorflow/tfjs-node-gpu'"));
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };
    expect((await run(process.execPath, [sample], { env })).stdout).toContain('Self-test passed');
    const { stdout } = await run(process.execPath, [sample, photo], { env });
    const line = stdout.split('\n').find((one) => one.startsWith('{'))!;
    const { probabilities } = JSON.parse(line) as { probabilities: Record<string, number> };
    expect(Object.keys(probabilities)).toEqual(CLASSES);
    expectClose(Object.values(probabilities), await shares(source), 3);
  });

  it.skipIf(CHROMIUM_PATH === null).each(FRAMINGS)(
    'tfjs: tests itself and classifies a photo in a browser, framing %s',
    async (framing) => {
      const { source, out } = await exported('tfjs', framing);
      const { page, url, close } = await openTensorFlowPage(out, CHROMIUM_PATH!);
      try {
        const errors: string[] = [];
        page.on('pageerror', (error) => errors.push(error.message));
        await page.goto(`${url}/sample.html`);
        const result = page.locator('#result');
        await result.filter({ hasText: 'Self-test passed' }).waitFor();
        await page.locator('#picture').setInputFiles(photo);
        await result.filter({ hasText: '%' }).waitFor();
        const lines = (await result.textContent())!.split('\n').map((line) => /^(.*): ([\d.]+) %$/.exec(line)!);
        const shown = new Map(lines.map(([, label, share]) => [label, Number(share) / 100]));
        expectClose(CLASSES.map((name) => shown.get(name)!), await shares(source), 3); // prettier-ignore
        expect(errors).toEqual([]);
      } finally {
        await close();
      }
    },
  );
});
