import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder } from '../../common/data-folder.js';
import { GraftError } from '../../../shared/errors.js';
import { type Recipe, RECIPE_PRESETS, createRecipe, type TrainMode } from '../../../shared/recipe.js';
import type { BackboneInfo } from '../../../shared/reports.js';
import { type ObservedRun, observeRun, type Surroundings, withFreshEngine } from './graft-run.js';
import { type Interpreter, benchFile, runProgram } from './python.js';

/** A backbone's weights for a run. */
export interface BenchWeights {
  /** Null for the stored ones. */
  readonly file: string | null;
  /** Random ones, whose activations are like those of trained ones, are as fast but classify nothing. */
  readonly isPretrained: boolean;
}

/** Where measurements happen: folders of their own, the user's weights in them. */
export interface Workshop {
  readonly folder: string;
  readonly backbones: readonly BackboneInfo[];
  readonly tensorflowVersion: string;
  /** A data folder that has seen no picture yet. It has the user's weights, and knows how networks run best here. */
  freshHome(): string;
  /** A new folder, for a run or a data set. */
  reserve(name: string): string;
  /**
   * Weights to train a backbone with: the stored ones, else random ones.
   *
   * @throws GraftError `weights-missing` where there are none, and no Python that could make some
   */
  weightsOf(backbone: string): Promise<BenchWeights>;
  train(recipe: Recipe, options: { readonly home: string; readonly profiles?: boolean }): Promise<ObservedRun>;
}

/** @param folder everything is written below it */
export async function openWorkshop(
  folder: string,
  surroundings: Surroundings,
  interpreters: readonly Interpreter[],
): Promise<Workshop> {
  const { root } = surroundings.host;
  const users = dataFolder();
  const names = new Map<string, number>();
  const reserve = (name: string): string => {
    const count = (names.get(name) ?? 0) + 1;
    names.set(name, count);
    return join(folder, `${name}-${count}`);
  };
  /** What is linked belongs to the user, and stays when the workshop is cleared. */
  const link = (home: string, ...parts: string[]): void => {
    const target = join(users, ...parts);
    mkdirSync(target, { recursive: true });
    mkdirSync(join(home, ...parts.slice(0, -1)), { recursive: true });
    symlinkSync(target, join(home, ...parts), 'junction');
  };
  const freshHome = (): string => {
    const home = reserve('home');
    link(home, 'backbones');
    link(home, 'cache', 'probes');
    return home;
  };

  const makeWeights = async (backbone: string): Promise<string> => {
    const file = join(folder, `${backbone}.safetensors`);
    if (existsSync(file)) return file;
    const maker = interpreters.find(({ torch, torchvision, safetensors }) => torch && torchvision && safetensors);
    if (maker === undefined) {
      throw new GraftError(
        'weights-missing',
        `its weights are not on this machine: run "graft backbones download ${backbone}", or name a Python with torch, torchvision and safetensors with --python, which makes random ones`,
      );
    }
    const options = { cwd: root, signal: surroundings.signal, onLine: () => undefined };
    await runProgram(maker.command, [benchFile(root, 'weights.py'), backbone, file], options);
    return file;
  };

  const listing = { home: freshHome() };
  const known = await withFreshEngine(surroundings, listing, async (client) => ({
    backbones: await client.call('backbones.list', {}),
    tensorflowVersion: (await client.call('engine.info', {})).tensorflow.version,
  }));
  const { backbones } = known;
  return {
    ...known,
    folder,
    freshHome,
    reserve,
    weightsOf: async (backbone) => {
      const listed = backbones.find(({ id }) => id === backbone);
      // The engine knows more than it lists; it says itself what is missing.
      if (listed === undefined || listed.file !== null) return { file: null, isPretrained: true };
      return { file: await makeWeights(backbone), isPretrained: false };
    },
    train: (recipe, options) => observeRun(surroundings, { ...options, recipe, run: reserve('run') }),
  };
}

/** The tutorial's recipe as every peer trains it: random crop and flip, SGD 0.001 with momentum 0.9. */
export function speedRecipe(
  data: string,
  options: { readonly backbone: string; readonly mode: TrainMode; readonly epochs: number; readonly batchSize: number },
  weights: BenchWeights,
): Recipe {
  const recipe = RECIPE_PRESETS.tutorial(createRecipe(data));
  const { backbone, mode, epochs, batchSize } = options;
  return {
    ...recipe,
    backbone: { id: backbone, weightsFile: weights.file },
    mode,
    training: { ...recipe.training, epochs, batchSize },
  };
}
