import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportRun } from '../../src/main/engine/export/export-run.js';
import { predictFiles } from '../../src/main/engine/insight/predict.js';
import type { CallContext } from '../../src/shared/contract.js';
import { FRAMINGS } from '../../src/shared/input.js';
import { makeFolder, putFile, removeFolder } from '../support/images.js';
import { photoPng, writeModelRun } from '../support/model-run.js';

/** A Python with onnxruntime, numpy and pillow. */
const PYTHON = process.env['GRAFT_TEST_PYTHON'] ?? null;

const root = makeFolder('onnx');
const context: CallContext = { signal: new AbortController().signal, onProgress: () => undefined };
const photo = join(root, 'photo.png');
const CLASSES = ['ant', "bee's", '蝶'];
const run = promisify(execFile);
let exports = 0;

/** The exported program, run by ONNX Runtime, against the run's own model. */
describe.skipIf(PYTHON === null || !existsSync(PYTHON))('an ONNX export in ONNX Runtime', () => {
  // Small enough that decoding does not shrink it first, which the program does not do.
  beforeAll(async () => putFile(photo, await photoPng(71, 53, 9)));
  afterAll(() => removeFolder(root));

  it.each([
    ...FRAMINGS.map((framing) => ['test_tiny', framing] as const),
    ['resnet18', 'crop'] as const,
    ['mobilenet_v2', 'crop'] as const,
    ['mobilenet_v3_small', 'crop'] as const,
    ['efficientnet_b0', 'crop'] as const,
    ['efficientnet_lite0', 'crop'] as const,
  ])('%s, framing %s', async (backbone, framing) => {
    const source = join(root, `run-${exports}`);
    const out = join(root, `export-${exports++}`);
    await writeModelRun(source, { backbone, classes: CLASSES, framing });
    await exportRun({ run: source, format: 'onnx', out }, context);
    const env = { ...process.env, PYTHONIOENCODING: 'utf-8' };
    const sample = join(out, 'sample.py');
    expect((await run(PYTHON!, [sample], { env })).stdout).toContain('Self-test passed');
    const { stdout } = await run(PYTHON!, [sample, photo], { env });
    const { probabilities } = JSON.parse(stdout) as { probabilities: Record<string, number> };
    const { images } = await predictFiles({ model: source, paths: [photo], framing: null }, context);
    for (const name of CLASSES) expect(probabilities[name], name).toBeCloseTo(images[0]!.probabilities[name]!, 3);
  });
});
