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

export const { dataFolder } = await load<{
  dataFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform, home: string): string;
}>('setup/places.mjs');

export const { lastLine, run } = await load<{
  lastLine(output: string): string;
  run(command: readonly string[], options?: { timeoutMs?: number; env?: Record<string, string> }): Promise<RunResult>;
}>('setup/run.mjs');

export const { checkDownload, climb, libtensorflowAddress } = await load<{
  checkDownload(address: string, timeoutMs?: number): Promise<void>;
  climb<T>(rungs: readonly (readonly [string, () => Promise<T>])[]): Promise<{ name: string; result: T }>;
  libtensorflowAddress(system: string, kind: 'cpu' | 'gpu', env: NodeJS.ProcessEnv): string;
}>('setup/tensorflow.mjs');

export const { fetchWheel, unpackWheel } = await load<{
  fetchWheel(
    folder: string,
    options: { wheel: Wheel; index: string; pythons: readonly (readonly string[])[] },
  ): Promise<string>;
  unpackWheel(wheel: string, deps: string): Promise<void>;
}>('setup/wheel.mjs');

export const { explainInstall, readFailure, whyNoWindow } = await load<{
  explainInstall(result: RunResult): string;
  readFailure(text: string, version: string, nowMs: number): string | null;
  whyNoWindow(place: {
    platform: string;
    env: Readonly<Record<string, string | undefined>>;
    uid: number | undefined;
  }): string | null;
}>('setup/electron.mjs');

export const { readAddress } = await load<{ readAddress(line: string): URL | null }>('dev.mjs');
