import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../support/shared-data.js';

/** The scripts are plain JavaScript, for a clone that has no packages yet; these are their types as their JSDoc has them. */
const load = async <T>(path: string): Promise<T> =>
  (await import(pathToFileURL(join(ROOT, 'scripts', path)).href)) as T;

export interface RunResult {
  readonly code: number;
  readonly output: string;
}

export interface Wheel {
  readonly package: string;
  readonly version: string;
  readonly platform: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly unpackedBytes: number;
}

export interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

type Packages = Record<string, { version?: string; optional?: boolean; devOptional?: boolean; link?: boolean }>;

export const { isSupportedNode } = await load<{ isSupportedNode(version: string): boolean }>('setup.mjs');

export const { countTests } = await load<{
  countTests(report: TestReport | null, code: number, failedChecks: number): { line: string; failed: number };
}>('test.mjs');

export const { whatDiffers } = await load<{
  whatDiffers(wanted: Packages, installed: Packages | null): string | null;
}>('setup/node-modules.mjs');

export const { dataFolder, wantsCard } = await load<{
  dataFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform, home: string): string;
  wantsCard(env: NodeJS.ProcessEnv): boolean;
}>('setup/places.mjs');

export const { lastLine, run } = await load<{
  lastLine(output: string): string;
  run(command: readonly string[], options?: { timeoutMs?: number; env?: Record<string, string> }): Promise<RunResult>;
}>('setup/run.mjs');

export const { checkDownload, libtensorflowAddress } = await load<{
  checkDownload(address: string, timeoutMs?: number): Promise<void>;
  libtensorflowAddress(system: string, kind: 'cpu' | 'gpu', env: NodeJS.ProcessEnv): string;
}>('setup/package-download.mjs');

export const { climb } = await load<{
  climb<T>(rungs: readonly (readonly [string, () => Promise<T>])[]): Promise<{ name: string; result: T }>;
}>('setup/tensorflow.mjs');

export const { CUDA_WHEELS, cudaTarget, whatStopsCuda } = await load<{
  CUDA_WHEELS: readonly Wheel[];
  cudaTarget(name: string): string | null;
  whatStopsCuda(listing: string): string | null;
}>('setup/cuda.mjs');

export const { adoptBuild, spaceFor } = await load<{
  adoptBuild<T>(
    build: { name: string; wheels: readonly Wheel[] },
    test: () => Promise<T>,
    places: { addon: string; deps: string },
  ): Promise<T>;
  spaceFor(wheels: readonly Wheel[]): number;
}>('setup/native-build.mjs');

export const { fetchWheel, tensorflowTarget, unpackWheel } = await load<{
  fetchWheel(
    folder: string,
    options: { wheel: Wheel; index: string; pythons: readonly (readonly string[])[] },
  ): Promise<string>;
  tensorflowTarget(name: string): string | null;
  unpackWheel(wheel: string, deps: string, targetOf: (name: string) => string | null): Promise<void>;
}>('setup/wheel.mjs');

export const { parseFailure } = await load<{
  parseFailure(text: string, version: string, nowMs: number): string | null;
}>('setup/failures.mjs');

export const { explainInstall, whyNoWindow } = await load<{
  explainInstall(result: RunResult): string;
  whyNoWindow(place: {
    platform: string;
    env: Readonly<Record<string, string | undefined>>;
    uid: number | undefined;
  }): string | null;
}>('setup/electron.mjs');

export const { readAddress } = await load<{ readAddress(line: string): URL | null }>('dev.mjs');
