import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GraftError, throwIfAborted } from '../../../shared/errors.js';
import { softmax } from '../../../shared/metrics.js';
import type { CallContext, Params } from '../../../shared/contract.js';
import type { ExportReport } from '../../../shared/reports.js';
import { decodeImage } from '../dataset/decode.js';
import { isEmptyOrMissing } from '../files.js';
import { createClassifier } from '../insight/classifier.js';
import { readModel, SELF_TEST_IMAGE, type ClassifierModel } from '../runs/run-folder.js';
import { loadTensorFlow, type TensorFlow } from '../tf.js';
import type { Exporter, ExportSink } from './exporter.js';
import type { Preprocess } from './preprocess.js';
import { getExporter } from './registry.js';
import { recordExport } from './export-record.js';

/** Largest difference of a probability that the self-test accepts. */
export const SELF_TEST_TOLERANCE = 1e-4;

function describePreprocessing({ description }: ClassifierModel): Preprocess {
  const { input, framing } = description;
  return {
    format: 'graft-preprocess',
    version: 1,
    input: {
      shape: [null, input.size, input.size, 3],
      layout: 'NHWC',
      colour: 'RGB',
      range: [0, 255],
      normalisation: 'inside the model',
    },
    framing,
    resize: input.resize,
    interpolation: input.interpolation,
    antialias: true,
    fill: input.mean,
  };
}

/** Runs the re-loaded files on one of the user's pictures against the run's own model. */
async function runSelfTest(
  tf: TensorFlow,
  exporter: Exporter,
  model: ClassifierModel,
  run: string,
  folder: string,
): Promise<ExportReport['selfTest']> {
  const picture = await decodeImage(join(run, 'model', SELF_TEST_IMAGE));
  const own = createClassifier(tf, model);
  const expected = softmax(own.logits(picture.data, 1));
  own.dispose();
  const { classifier } = await exporter.open(tf, folder);
  const received = softmax(classifier.logits(picture.data, 1));
  classifier.dispose();
  const maxDifference = Math.max(...expected.map((share, index) => Math.abs(share - received[index]!)));
  // Written so that a difference that is not a number fails, too.
  if (!(maxDifference <= SELF_TEST_TOLERANCE)) {
    throw new GraftError(
      'self-test-failed',
      `expected the exported ${exporter.label} to give the run's probabilities within ${SELF_TEST_TOLERANCE}, received a difference of ${maxDifference}: nothing was kept; please report this`,
      { details: { expected, received } },
    );
  }
  return { image: SELF_TEST_IMAGE, expected, received, maxDifference, tolerance: SELF_TEST_TOLERANCE };
}

/**
 * Exports a run's model with labels, preprocessing, a sample program and a self-test that has been run on the re-loaded
 * files. The folder appears whole or not at all; the run's `exports.json` notes it.
 *
 * @throws GraftError `already-exists` when `out` holds something; `self-test-failed`; what reading the run throws
 */
export async function exportRun(params: Params<'run.export'>, context: CallContext): Promise<ExportReport> {
  const exporter = getExporter(params.format);
  const model = await readModel(params.run);
  const supported = exporter.supports(model);
  if (supported !== true) throw new GraftError('invalid-value', `${exporter.label}: ${supported}`);
  if (!(await isEmptyOrMissing(params.out))) {
    throw new GraftError(
      'already-exists',
      `expected a new or empty folder for the export, but ${params.out} holds files`,
    );
  }
  const parent = dirname(params.out);
  const temporary = join(parent, `.${basename(params.out)}-${randomUUID()}`);
  await mkdir(temporary, { recursive: true });
  try {
    const names: string[] = [];
    const sink: ExportSink = {
      write: async (name, bytes) => {
        throwIfAborted(context.signal);
        await writeFile(join(temporary, name), bytes);
        names.push(name);
      },
    };
    const tf = await loadTensorFlow();
    await exporter.write(tf, model, sink);
    await sink.write('labels.json', `${JSON.stringify(model.description.classes, null, 2)}\n`);
    await sink.write('preprocess.json', `${JSON.stringify(describePreprocessing(model), null, 2)}\n`);
    await sink.write(exporter.sample.file, exporter.sample.code);
    await sink.write(SELF_TEST_IMAGE, await readFile(join(params.run, 'model', SELF_TEST_IMAGE)));
    context.onProgress({ task: 'export', done: names.length, total: null, unit: 'files' });
    const selfTest = await runSelfTest(tf, exporter, model, params.run, temporary);
    const expected = Object.fromEntries(model.description.classes.map((name, i) => [name, selfTest.expected[i]!]));
    const selfTestFile = { image: SELF_TEST_IMAGE, tolerance: SELF_TEST_TOLERANCE, expected };
    await sink.write('self-test.json', `${JSON.stringify(selfTestFile, null, 2)}\n`);
    const files = await Promise.all(
      names.map(async (path) => ({ path, sizeBytes: (await stat(join(temporary, path))).size })),
    );
    await rmdir(params.out).catch(() => undefined);
    await rename(temporary, params.out);
    await recordExport(params.run, { format: exporter.id, out: params.out, at: new Date().toISOString() });
    return { format: exporter.id, out: params.out, files, selfTest };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}
