import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as TensorFlowModule from '@tensorflow/tfjs-node-gpu';
import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import * as v from 'valibot';
import { GraftError, messageOf } from '../../shared/errors.js';
import { explainProcessor, findCuda } from './cuda-libraries.js';
import { refuseGraphicsCard } from './graphics-card.js';

/** The tfjs-node module, loaded and checked. */
export type TensorFlow = typeof TensorFlowModule;

/** One attribute of a TensorFlow op, as the addon takes it. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | string | readonly number[];
}

/** What is used of tfjs-node's backend beyond tfjs's own interface. */
export interface NativeBackend {
  readonly binding: {
    readonly TF_Version: string;
    readonly TF_ATTR_BOOL: number;
    readonly TF_ATTR_FLOAT: number;
    readonly TF_ATTR_INT: number;
    readonly TF_ATTR_STRING: number;
    readonly TF_ATTR_TYPE: number;
    readonly TF_FLOAT: number;
    readonly TF_INT32: number;
    readonly TF_UINT8: number;
    /**
     * @param inputs handles
     * @param inputNames of the graph's tensors, with commas between
     */
    runSavedModel(session: number, inputs: readonly number[], inputNames: string, outputNames: string): TensorHandle[];
  };
  readonly isUsingGpuDevice: boolean;
  executeSingleOutput(name: string, attributes: readonly OpAttribute[], inputs: readonly Tensor[]): Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly Tensor[],
    count: number,
  ): Tensor[];
  getInputTensorIds(tensors: readonly Tensor[]): number[];
  createOutputTensor(handle: TensorHandle): Tensor;
}

/** A tensor of the addon's, before tfjs knows of it. */
export interface TensorHandle {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

/** What TensorFlow runs on, and why. */
export interface BackendDescription {
  readonly version: string;
  readonly backend: string;
  readonly device: 'cpu' | 'gpu';
  readonly reason: string;
  readonly missingLibraries: readonly string[];
  readonly cardFailed: boolean;
}

const nodeRequire = createRequire(import.meta.url);

/**
 * tfjs-node 4.22 calls `util.isNullOrUndefined` and `util.isArray`, which Node 23 removed (tensorflow/tfjs#8425: merged,
 * never released).
 */
function restoreNodeUtil(): void {
  const util = nodeRequire('node:util') as Record<string, unknown>;
  util['isNullOrUndefined'] ??= (value: unknown): boolean => value === null || value === undefined;
  util['isArray'] ??= Array.isArray;
}

/**
 * Whether TensorFlow is told to use oneDNN's kernels, which by itself it does only where the processor has AVX-512: on one
 * with AVX2 they are up to a third faster. Not where a virtual machine hides its cache sizes: some of them divide by those.
 */
const wantsOneDnn = (): boolean =>
  process.arch === 'x64' &&
  process.platform === 'linux' &&
  existsSync('/sys/devices/system/cpu/cpu0/cache/index0/size');

const packageSchema = v.looseObject({ ready: v.function(), getBackend: v.function(), backend: v.function() });

/**
 * Loads TensorFlow as it is, for the process that tests it.
 *
 * @throws GraftError `tensorflow-missing`
 */
export async function loadUntested(): Promise<TensorFlow> {
  // Read by TensorFlow when its library is loaded: quiet logs, and a GPU's memory taken as needed instead of whole.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  if (wantsOneDnn()) process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  restoreNodeUtil();
  let module: unknown;
  try {
    module = nodeRequire('@tensorflow/tfjs-node-gpu');
  } catch (cause) {
    throw new GraftError(
      'tensorflow-missing',
      `expected TensorFlow's native library, but it cannot be loaded: ${messageOf(cause)}. Run "npm run setup", then "npx graft doctor".`,
      { cause },
    );
  }
  if (!v.is(packageSchema, module))
    throw new GraftError('tensorflow-missing', 'expected tfjs-node, received another module');
  const tf = module as unknown as TensorFlow;
  await tf.ready();
  // tfjs falls back to plain JavaScript without a word when the native backend fails.
  if (tf.getBackend() !== 'tensorflow') {
    throw new GraftError(
      'tensorflow-missing',
      `expected the native backend "tensorflow", received "${tf.getBackend()}". Run "npm run setup", then "npx graft doctor".`,
    );
  }
  tf.env().set('PROD', true);
  loaded = tf;
  return tf;
}

let loaded: TensorFlow | null = null;
let loading: Promise<TensorFlow> | null = null;
/** Why the graphics card is hidden from TensorFlow; null where it is not. */
let cardProblem: string | null = null;

async function load(): Promise<TensorFlow> {
  cardProblem = await refuseGraphicsCard();
  if (cardProblem !== null) process.env['CUDA_VISIBLE_DEVICES'] = '-1';
  return await loadUntested();
}

/**
 * Loads TensorFlow once a process, on a graphics card only where that has passed its test.
 *
 * @throws GraftError `tensorflow-missing` when the native library is absent or another backend came up
 */
export function loadTensorFlow(): Promise<TensorFlow> {
  loading ??= load();
  return loading;
}

/** Tensors that are alive in this process; 0 before TensorFlow is loaded. */
export function countTensors(): number {
  return loaded?.memory().numTensors ?? 0;
}

/** tfjs-node's backend, for calling TensorFlow's own kernels. */
export function nativeBackend(tf: TensorFlow): NativeBackend {
  return tf.backend() as unknown as NativeBackend;
}

/**
 * Says which TensorFlow trains, on what, and why.
 *
 * @throws GraftError `tensorflow-missing`
 */
export async function describeBackend(): Promise<BackendDescription> {
  const tf = await loadTensorFlow();
  const backend = nativeBackend(tf);
  const shared = { version: backend.binding.TF_Version, backend: tf.getBackend(), cardFailed: cardProblem !== null };
  if (backend.isUsingGpuDevice) {
    return { ...shared, device: 'gpu', reason: 'TensorFlow found a GPU', missingLibraries: [] };
  }
  if (cardProblem !== null) {
    const reason = `the graphics card failed its test (${cardProblem}); Graft tests it again after a day`;
    return { ...shared, device: 'cpu', reason, missingLibraries: [] };
  }
  return { ...shared, device: 'cpu', ...explainProcessor(await findCuda()) };
}
