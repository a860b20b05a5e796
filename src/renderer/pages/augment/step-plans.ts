import { type AugmentPlan, type DiceKey, planAugment } from '../../../shared/augment/plan.js';
import type { PlannedOp, Size } from '../../../shared/augment/op.js';
import type { AugmentPolicy, AugmentStep } from '../../../shared/augment/policy.js';
import type { Framing, InputSpec } from '../../../shared/input.js';

/** What one step of a policy comes to for one picture. */
export interface StepPlan {
  readonly step: AugmentStep;
  /** `nothing`: applied or not, the dice came to no change. */
  readonly outcome: 'applied' | 'skipped' | 'nothing';
  /** None for a step that frames, and where dice came to no change. */
  readonly ops: readonly PlannedOp[];
  /** Of a step that frames. */
  readonly frame: AugmentPlan['frame'] | null;
}

/** Takes a picture's plan apart by step. The dice are those of the whole policy: they go by op, not by place. */
export function planSteps(
  policy: AugmentPolicy,
  dice: DiceKey,
  source: Size,
  input: InputSpec,
  framing: Framing,
): StepPlan[] {
  const plan = (steps: readonly AugmentStep[]): AugmentPlan =>
    planAugment({ steps, mix: null }, dice, source, input, framing);
  return policy.steps.map((step, index) => {
    const same = policy.steps.slice(0, index).filter(({ op }) => op === step.op);
    const own = (one: AugmentStep): Pick<StepPlan, 'ops' | 'frame'> => {
      const { frame, ops } = plan([...same, one]);
      return { ops: ops.slice(plan(same).ops.length), frame: frame.kind === 'crop' ? frame : null };
    };
    const changes = ({ ops, frame }: Pick<StepPlan, 'ops' | 'frame'>): boolean => ops.length > 0 || frame !== null;
    const drawn = own(step);
    const outcome = changes(drawn) ? 'applied' : changes(own({ ...step, p: 1 })) ? 'skipped' : 'nothing';
    return { step, outcome, ...drawn };
  });
}
