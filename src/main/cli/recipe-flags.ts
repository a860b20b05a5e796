import { type Command, Option } from 'commander';
import { AUGMENT_PRESETS } from '../../shared/augment/presets.js';
import { FRAMINGS } from '../../shared/input.js';
import { DEFAULT_OPTIMIZERS, RECIPE_PRESETS } from '../../shared/recipe.js';
import { DEFAULT_SCHEDULES } from '../../shared/schedule.js';
import {
  countOption,
  innerFractionOption,
  notNegativeOption,
  openFractionOption,
  positiveFractionOption,
  positiveOption,
  seedOption,
  stagesOption,
} from './numbers.js';

const choices = (flags: string, description: string, values: readonly string[]): Option =>
  new Option(flags, description).choices(values);

/** The names of the augmentation presets, as help and messages list them. */
export const AUGMENT_CHOICES = AUGMENT_PRESETS.map(({ id }) => id).join(', ');

/** Adds every option of a recipe, read by `recipeFromOptions`. */
export function addRecipeFlags(command: Command): Command {
  return command
    .option('--data <dir>', 'folder or zip of images: class/… or train|val|test/class/…')
    .option('--recipe <file>', "start from a recipe file, for example a run's recipe.json")
    .addOption(choices('--preset <name>', 'start from a named recipe', Object.keys(RECIPE_PRESETS)))
    .option('--backbone <id>', 'pretrained network, see `graft backbones list`')
    .option('--weights <file>', "checkpoint to use in place of the backbone's stored one")
    .addOption(choices('--mode <mode>', 'train only a new head, or the backbone too', ['freeze', 'fine-tune']))
    .option('--stages <n|all>', 'fine-tune: how many stages of the backbone train, from the head', stagesOption)
    .option(
      '--lr-decay <x>',
      'fine-tune: learning rate factor from a stage to the next deeper one',
      positiveFractionOption,
    )
    .addOption(
      choices('--batch-norm <kind>', "fine-tune: the checkpoint's statistics or the batch's", ['frozen', 'batch']),
    )
    .option('--augment <preset|file>', `augmentation: ${AUGMENT_CHOICES}, or a JSON file`)
    .addOption(choices('--framing <kind>', 'how a picture becomes a square', FRAMINGS))
    .option('--epochs <n>', 'times that the training images are seen', countOption)
    .option('--batch <n>', 'images a step', countOption)
    .option('--lr <x>', 'learning rate of the head', positiveOption)
    .addOption(choices('--optimizer <kind>', 'how the weights follow their gradient', Object.keys(DEFAULT_OPTIMIZERS)))
    .option('--momentum <x>', 'sgd: momentum', openFractionOption)
    .option('--nesterov', 'sgd: Nesterov momentum')
    .option('--weight-decay <x>', 'weight decay', notNegativeOption)
    .addOption(choices('--schedule <kind>', 'learning rate over the run', Object.keys(DEFAULT_SCHEDULES)))
    .option('--warmup <epochs>', 'epochs of linear warm-up', notNegativeOption)
    .option('--label-smoothing <x>', 'label smoothing', openFractionOption)
    .option(
      '--class-weights <none|balanced|file>',
      'weights of the classes in the loss; a JSON file maps class to weight',
    )
    .option('--dropout <x>', 'share of the features dropped before the head', openFractionOption)
    .option('--early-stopping <patience>', 'stop after so many epochs without a better validation loss', countOption)
    .option(
      '--views <k>',
      'draw k augmented views an image and repeat them, in place of new ones each epoch',
      countOption,
    )
    .option('--val-fraction <x>', 'share of the images held out where the folder has no val', innerFractionOption)
    .option('--split-seed <n>', 'seed of that split', seedOption)
    .option('--seed <n>', 'seed of everything else that is drawn', seedOption);
}
