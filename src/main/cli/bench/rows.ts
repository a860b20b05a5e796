import { planJobs } from './job-rows.js';
import { type BenchTask, createPlanning, type ProfilePlan, type RowPlan } from './plan.js';
import type { RowGroup } from './report.js';
import { planSpeed } from './speed-rows.js';

/** The rows that were asked for, in order, and what to profile. */
export function planRows(task: BenchTask): {
  readonly rows: readonly RowPlan[];
  readonly profiles: readonly ProfilePlan[];
} {
  const planning = createPlanning(task);
  const speed = planSpeed(planning);
  const jobs = planJobs(planning);
  const rowsOf: Readonly<Record<RowGroup, () => RowPlan[]>> = {
    frozen: speed.frozen,
    finetune: speed.fineTune,
    job: jobs.job,
    'second-run': jobs.secondRun,
    cache: jobs.cache,
    memory: speed.memory,
    many: jobs.many,
  };
  return { rows: task.groups.flatMap((group) => rowsOf[group]()), profiles: speed.profiles() };
}
