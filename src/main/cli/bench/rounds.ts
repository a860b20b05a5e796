import { GraftError, messageOf } from '../../../shared/errors.js';
import type { Contender, RowPlan } from './plan.js';
import type { BenchResult, BenchRow, Metrics, Subject } from './report.js';

interface Entry {
  readonly contender: Contender;
  readonly rounds: Metrics[];
  note: string | null;
  /** Why it is not measured any more. */
  reason: string | null;
}

/** What hears how far a benchmark is. */
export type RoundListener = (label: string, subject: Subject, round: number) => void;

/**
 * Measures a row: everybody once a round, one after the other, so that a machine that is slower for a while is so for all.
 * Who fails is left out from then on, and the row says why.
 *
 * @throws GraftError `cancelled`
 */
export async function measureRow(row: RowPlan, rounds: number, onRound: RoundListener): Promise<BenchRow> {
  const entries = row.contenders.map((contender): Entry => ({
    contender,
    rounds: [],
    note: null,
    reason: 'reason' in contender ? contender.reason : null,
  }));
  for (let round = 1; round <= rounds; round++) {
    for (const entry of entries) {
      const { contender } = entry;
      if (entry.reason !== null || !('measure' in contender)) continue;
      onRound(row.label, contender.subject, round);
      try {
        const { metrics, note } = await contender.measure(round);
        entry.rounds.push(metrics);
        entry.note = note ?? entry.note;
      } catch (error) {
        if (!(error instanceof GraftError) || error.code === 'cancelled') throw error;
        entry.reason = messageOf(error);
      }
    }
  }
  const { id, group, label, metric } = row;
  return {
    ...{ id, group, label, metric },
    results: entries.flatMap(({ contender: { subject }, rounds: measured, note }): BenchResult[] =>
      measured.length === 0 ? [] : [{ subject, rounds: measured, note }],
    ),
    missing: entries.flatMap(({ contender: { subject }, reason }) => (reason === null ? [] : [{ subject, reason }])),
  };
}
