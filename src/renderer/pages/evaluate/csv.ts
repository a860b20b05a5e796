import type { PredictionReport } from '../../../shared/reports.js';

const quote = (cell: string | number): string =>
  /[",\r\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell);

/** Predictions as a table for other programs (RFC 4180): picture, class, and the probability of every class. */
export function predictionsToCsv(report: PredictionReport, nameOf: (path: string) => string): string {
  const lines: (string | number)[][] = [['picture', 'predicted', ...report.classes]];
  for (const { path, predicted, probabilities } of report.images) {
    lines.push([nameOf(path), predicted, ...report.classes.map((name) => (probabilities[name] ?? 0).toFixed(6))]);
  }
  return lines.map((cells) => `${cells.map(quote).join(',')}\r\n`).join('');
}
