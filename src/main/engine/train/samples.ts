import { argMax, softmax } from '../../../shared/metrics.js';
import { createStream } from '../../../shared/random.js';
import type { SamplePrediction } from '../../../shared/live-reports.js';
import type { TrainingSplit } from './prepare.js';

const SAMPLE_COUNT = 8;

/**
 * Picks the validation pictures that are shown after every epoch: spread over the classes, and the same for the same seed.
 *
 * @returns places in `split.validation`, at most eight
 */
export function pickSamples(split: TrainingSplit, seed: number): number[] {
  const byClass = split.classes.map((): number[] => []);
  split.validation.forEach((index, place) => byClass[split.images[index]!.classIndex]!.push(place));
  const shuffled = byClass.map((places, classIndex) =>
    Array.from(createStream(seed, 'samples', classIndex).permutation(places.length), (at) => places[at]!),
  );
  // With more classes than samples, chance decides which are seen.
  const turns = Array.from(createStream(seed, 'samples').permutation(shuffled.length), (at) => shuffled[at]!);
  const picked: number[] = [];
  for (let round = 0; picked.length < SAMPLE_COUNT && turns.some((places) => round < places.length); round++) {
    for (const places of turns) if (round < places.length && picked.length < SAMPLE_COUNT) picked.push(places[round]!);
  }
  return picked.sort((a, b) => a - b);
}

/**
 * What the network says of the picked pictures.
 *
 * @param logits [n, classes], of all validation pictures in order
 */
export function predictSamples(
  split: TrainingSplit,
  picked: readonly number[],
  logits: Float32Array,
): SamplePrediction[] {
  const { classes, images, validation } = split;
  return picked.map((place) => {
    const probabilities = softmax(logits.subarray(place * classes.length, (place + 1) * classes.length));
    const best = argMax(probabilities);
    const { path, classIndex } = images[validation[place]!]!;
    return { path, label: classes[classIndex]!, predicted: classes[best]!, confidence: probabilities[best]! };
  });
}
