import { presetPolicy } from '../../../shared/augment/presets.js';
import { GraftError } from '../../../shared/errors.js';
import { createRecipe, type Recipe } from '../../../shared/recipe.js';
import { graftMetrics, memoryGrowth, type ObservedRun, scanSpeed } from './graft-run.js';
import { chooseInterpreter, extrapolateJob, peerMetrics, runPeer, runSharp } from './peers.js';
import { makePictures } from './pictures.js';
import { type Contender, measured, type Measurement, type Planning, type RowPlan } from './plan.js';
import type { Metrics } from './report.js';

/** The tutorial's own, which its script trains. */
const SCRIPT_BACKBONE = 'resnet18';
const JOB_VIEWS = 4;
const MANY = { classes: 2, width: 320, height: 240, valShare: 0.02 } as const;

/** Drops what means nothing on random weights. */
function withoutAccuracy({ accuracy: _, secondsToAccuracy: __, ...metrics }: Metrics): Metrics {
  return metrics;
}

/** Whole jobs, from pictures that were never seen to a model, and what comes after and before them. */
export function planJobs({ task, once, place, labelOf }: Planning): {
  job(): RowPlan[];
  secondRun(): RowPlan[];
  cache(): RowPlan[];
  many(): RowPlan[];
} {
  const { workshop, pictures, settings, jobBackbone, interpreters } = task;
  const { batchSize, threads, target, jobEpochs } = settings;

  const jobRecipe = async (views: number | null): Promise<Recipe> => {
    const recipe = createRecipe(pictures.folder);
    return {
      ...recipe,
      backbone: { id: jobBackbone, weightsFile: (await workshop.weightsOf(jobBackbone)).file },
      augment: presetPolicy(views === null ? 'none' : 'tutorial'),
      training: { ...recipe.training, epochs: jobEpochs, batchSize, views },
    };
  };
  /** The job on pictures that were never seen, and the data folder that it leaves behind. */
  const firstJob = (round: number): Promise<{ run: ObservedRun; home: string }> =>
    once(`job/graft/${round}`, async () => {
      const home = workshop.freshHome();
      return { run: await workshop.train(await jobRecipe(null), { home }), home };
    });
  const jobMeasurement = async (run: ObservedRun): Promise<Measurement> => {
    const { isPretrained } = await workshop.weightsOf(jobBackbone);
    const { imagesPerSecond: _, epochSeconds: __, waitSeconds: ___, ...metrics } = graftMetrics(run, target);
    return isPretrained ? { metrics } : { metrics: withoutAccuracy(metrics), note: 'random weights' };
  };
  const jobScript = (): Contender[] => {
    if (interpreters === null) return [];
    const choice = chooseInterpreter('script', SCRIPT_BACKBONE, interpreters);
    if ('reason' in choice) return [{ subject: 'script', reason: choice.reason }];
    const { interpreter } = choice;
    const size = workshop.backbones.find(({ id }) => id === SCRIPT_BACKBONE)?.input.size ?? 224;
    const stored = interpreter.safetensors === null ? null : storedWeights(SCRIPT_BACKBONE);
    return [
      {
        subject: 'script',
        measure: (round) =>
          once(`job/script/${round}`, async () => {
            const trained = await runPeer(
              {
                ...{
                  peer: 'script',
                  interpreter,
                  data: pictures.folder,
                  backbone: SCRIPT_BACKBONE,
                  mode: 'freeze',
                  size,
                },
                ...{ epochs: task.peerJobEpochs, batchSize, threads, validates: true, weightsFile: stored },
              },
              place,
            );
            task.onSoftware(trained.version);
            const all = peerMetrics(trained.lines, trained.totalSeconds, target);
            const { accuracy, secondsToAccuracy, peakMemoryBytes } = all;
            const totalSeconds = extrapolateJob(trained.lines, trained.totalSeconds, jobEpochs);
            const metrics = measured({ totalSeconds, accuracy, secondsToAccuracy, peakMemoryBytes });
            const notes = [
              `its own ${labelOf(SCRIPT_BACKBONE)}`,
              ...(task.peerJobEpochs < jobEpochs ? [`time from ${task.peerJobEpochs} of ${jobEpochs} epochs`] : []),
              ...(stored === null ? ['random weights'] : []),
            ];
            return { metrics: stored === null ? withoutAccuracy(metrics) : metrics, note: notes.join(', ') };
          }),
      },
    ];
  };
  const storedWeights = (id: string): string | null => workshop.backbones.find((one) => one.id === id)?.file ?? null;

  const jobRows = (): RowPlan[] => [
    {
      ...{ id: 'job/plain', group: 'job', label: `${jobEpochs} epochs, no augmentation`, metric: 'totalSeconds' },
      contenders: [
        { subject: 'graft', measure: async (round) => jobMeasurement((await firstJob(round)).run) },
        ...jobScript(),
      ],
    },
    {
      ...{ id: 'job/views', group: 'job', metric: 'totalSeconds' },
      label: `${jobEpochs} epochs, ${JOB_VIEWS} views an image`,
      contenders: [
        {
          subject: 'graft',
          measure: async () =>
            jobMeasurement(await workshop.train(await jobRecipe(JOB_VIEWS), { home: workshop.freshHome() })),
        },
        ...jobScript(),
      ],
    },
  ];

  const secondRuns = (): RowPlan[] => {
    const row = (id: string, label: string, change: (recipe: Recipe) => Recipe): RowPlan => ({
      ...{ id: `second-run/${id}`, group: 'second-run', label: `again, ${label}`, metric: 'trainSeconds' },
      contenders: [
        {
          subject: 'graft',
          measure: async (round) => {
            const { home } = await firstJob(round);
            return jobMeasurement(await workshop.train(change(await jobRecipe(null)), { home }));
          },
        },
      ],
    });
    return [
      row('learning-rate', 'another learning rate', (recipe) => ({
        ...recipe,
        training: { ...recipe.training, learningRate: recipe.training.learningRate * 2 },
      })),
      row('renamed', 'a class renamed', (recipe) => ({
        ...recipe,
        data: { ...recipe.data, rename: { [pictures.classes[0]!]: `${pictures.classes[0]!} renamed` } },
      })),
    ];
  };

  const cacheRows = (): RowPlan[] => {
    const input = workshop.backbones.find(({ id }) => id === jobBackbone)?.input;
    const sharp: Contender = input
      ? {
          subject: 'sharp',
          // The engine keeps twice the shorter side that framing resizes to.
          measure: async () => ({ metrics: await runSharp(pictures.folder, 2 * input.resize, place) }),
        }
      : { subject: 'sharp', reason: `the input size of ${jobBackbone} is not listed` };
    return [
      {
        ...{ id: 'cache', group: 'cache', label: 'scan, decode and cache', metric: 'imagesPerSecond' },
        contenders: [
          {
            subject: 'graft',
            measure: async (round) => {
              const imagesPerSecond = scanSpeed((await firstJob(round)).run);
              if (imagesPerSecond === null)
                throw new GraftError('unsupported', 'the scan was over before it could be timed');
              return { metrics: { imagesPerSecond } };
            },
          },
          sharp,
        ],
      },
    ];
  };

  const measureMany = async (): Promise<Measurement> => {
    const val = Math.max(1, Math.round((task.manyImages * MANY.valShare) / MANY.classes));
    const train = Math.max(1, Math.round(task.manyImages / MANY.classes) - val);
    const counts = { classes: MANY.classes, train, val, width: MANY.width, height: MANY.height };
    const many = await once('many', () => makePictures(workshop.reserve('many'), counts, place));
    const recipe = await jobRecipe(null);
    const run = await workshop.train(
      { ...recipe, data: createRecipe(many.folder).data, training: { ...recipe.training, epochs: 1 } },
      { home: workshop.freshHome() },
    );
    const { imagesPerSecond, epochSeconds, totalSeconds, peakMemoryBytes } = graftMetrics(run, target);
    const [scanImagesPerSecond, memoryGrowthBytes] = [scanSpeed(run) ?? undefined, memoryGrowth(run) ?? undefined];
    const times = { imagesPerSecond, epochSeconds, totalSeconds, peakMemoryBytes };
    return { metrics: measured({ ...times, scanImagesPerSecond, memoryGrowthBytes }) };
  };
  const manyRows = (): RowPlan[] => [
    {
      ...{ id: 'many', group: 'many', metric: 'peakMemoryBytes' },
      label: `${task.manyImages} images, scan and one frozen epoch`,
      contenders: [{ subject: 'graft', measure: measureMany }],
    },
  ];

  return { job: jobRows, secondRun: secondRuns, cache: cacheRows, many: manyRows };
}
