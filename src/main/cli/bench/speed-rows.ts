import type { TrainMode } from '../../../shared/recipe.js';
import { graftMetrics, type ObservedRun, profileOf } from './graft-run.js';
import { chooseInterpreter, peerMetrics, peersOf, runPeer } from './peers.js';
import { type Contender, measured, type Planning, type ProfilePlan, type RowPlan } from './plan.js';
import { speedRecipe } from './workshop.js';

const MODES = [
  { group: 'frozen', mode: 'freeze', label: 'frozen' },
  { group: 'finetune', mode: 'fine-tune', label: 'fine-tuned' },
] as const;

/** Training speed and memory by backbone, frozen and fine-tuned, with random crops and flips. */
export function planSpeed({ task, once, place, labelOf }: Planning): {
  frozen(): RowPlan[];
  fineTune(): RowPlan[];
  memory(): RowPlan[];
  profiles(): ProfilePlan[];
} {
  const { workshop, pictures, interpreters } = task;
  const { batchSize, threads, epochs, target } = task.settings;
  let warm: string | null = null;
  /** Decoded pictures stay there from run to run. */
  const warmHome = (): string => (warm ??= workshop.freshHome());

  const trainSpeed = async (backbone: string, mode: TrainMode, profiles: boolean): Promise<ObservedRun> => {
    const recipe = speedRecipe(
      pictures.folder,
      { backbone, mode, epochs, batchSize },
      await workshop.weightsOf(backbone),
    );
    return await workshop.train(recipe, { home: warmHome(), profiles });
  };

  const speedContenders = (backbone: string, mode: TrainMode): Contender[] => {
    const key = `${backbone}/${mode}`;
    const graft: Contender = {
      subject: 'graft',
      measure: (round) =>
        once(`${key}/graft/${round}`, async () => {
          const { imagesPerSecond, epochSeconds, waitSeconds, peakMemoryBytes } = graftMetrics(
            await trainSpeed(backbone, mode, false),
            target,
          );
          return { metrics: measured({ imagesPerSecond, epochSeconds, waitSeconds, peakMemoryBytes }) };
        }),
    };
    const size = workshop.backbones.find(({ id }) => id === backbone)?.input.size;
    if (interpreters === null || size === undefined) return [graft];
    const peers = peersOf(backbone).map((subject): Contender => {
      const choice = chooseInterpreter(subject, backbone, interpreters);
      if ('reason' in choice) return { subject, reason: choice.reason };
      const { interpreter } = choice;
      if (subject === 'sharp') return { subject, reason: 'it trains nothing' };
      return {
        subject,
        measure: (round) =>
          once(`${key}/${subject}/${round}`, async () => {
            const trained = await runPeer(
              {
                ...{
                  peer: subject,
                  interpreter,
                  data: pictures.folder,
                  backbone,
                  mode,
                  size,
                  epochs,
                  batchSize,
                  threads,
                },
                ...{ validates: false, weightsFile: null },
              },
              place,
            );
            task.onSoftware(trained.version);
            const { imagesPerSecond, epochSeconds, peakMemoryBytes } = peerMetrics(
              trained.lines,
              trained.totalSeconds,
              1,
            );
            return { metrics: measured({ imagesPerSecond, epochSeconds, peakMemoryBytes }) };
          }),
      };
    });
    return [graft, ...peers];
  };

  const speedRows = (group: 'frozen' | 'finetune'): RowPlan[] => {
    const { mode, label } = MODES.find((one) => one.group === group)!;
    return task.backbones.map((backbone) => ({
      ...{ id: `${group}/${backbone}`, group, label: `${labelOf(backbone)}, ${label}`, metric: 'imagesPerSecond' },
      contenders: speedContenders(backbone, mode),
    }));
  };

  const memoryRows = (): RowPlan[] =>
    task.backbones.map((backbone) => ({
      ...{ id: `memory/${backbone}`, group: 'memory', metric: 'peakMemoryBytes' },
      label: `${labelOf(backbone)}, fine-tuned, peak memory`,
      contenders: speedContenders(backbone, 'fine-tune'),
    }));

  return {
    frozen: () => speedRows('frozen'),
    fineTune: () => speedRows('finetune'),
    memory: memoryRows,
    profiles: () =>
      MODES.filter(({ group }) => task.groups.includes(group)).flatMap(({ mode, label }) =>
        task.backbones.map((backbone): ProfilePlan => ({
          label: `${labelOf(backbone)}, ${label}`,
          measure: async () => profileOf(await trainSpeed(backbone, mode, true)),
        })),
      ),
  };
}
