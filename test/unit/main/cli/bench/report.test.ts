import { describe, expect, it } from 'vitest';
import {
  advantageOver,
  type BenchReport,
  type BenchRow,
  parseReport,
  spreadOf,
  spreadOver,
} from '../../../../../src/main/cli/bench/report.js';
import { markdownTable, profileTable, renderReport, resultTable } from '../../../../../src/main/cli/bench/tables.js';

const speed: BenchRow = {
  id: 'frozen/resnet18',
  group: 'frozen',
  label: 'ResNet-18, frozen',
  metric: 'imagesPerSecond',
  results: [
    { subject: 'graft', rounds: [30, 60, 40].map((imagesPerSecond) => ({ imagesPerSecond })), note: null },
    { subject: 'script', rounds: [{ imagesPerSecond: 20, peakMemoryBytes: 5e8 }], note: 'random weights' },
  ],
  missing: [{ subject: 'keras', reason: 'no Python was found' }],
};
const job: BenchRow = {
  ...{ id: 'job/plain', group: 'job', label: 'the job', metric: 'totalSeconds', missing: [] },
  results: [
    { subject: 'graft', rounds: [{ totalSeconds: 5 }], note: null },
    { subject: 'script', rounds: [{ totalSeconds: 100 }], note: null },
  ],
};

const report: BenchReport = {
  version: 1,
  graftVersion: '1.2.3',
  measuredAt: '2026-01-01T00:00:00.000Z',
  machine: {
    ...{
      processor: 'Some CPU',
      cores: 2,
      memoryBytes: 8e9,
      features: ['AVX2'],
      platform: 'linux',
      software: ['Graft 1'],
    },
  },
  settings: {
    ...{ preset: 'full', data: 'photos', images: { train: 244, val: 153 }, batchSize: 16, threads: 2, rounds: 3 },
    ...{ epochs: 2, jobEpochs: 15, target: 0.9608 },
  },
  rows: [speed, job],
  profiles: [],
};

describe('the numbers of a benchmark', () => {
  it('have a median and a range', () => {
    expect(spreadOf([])).toBeNull();
    expect(spreadOf([7])).toEqual({ median: 7, low: 7, high: 7 });
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, low: 1, high: 4 });
    expect(spreadOver(speed.results[1]!, 'epochSeconds')).toBeNull();
  });

  it('compare so that more is always better for Graft', () => {
    expect(advantageOver(speed, 'script')).toBe(2);
    expect(advantageOver(job, 'script')).toBe(20);
    expect(advantageOver({ ...job, metric: 'peakMemoryBytes' }, 'script')).toBeNull();
    expect(advantageOver(speed, 'keras')).toBeNull();
  });

  it('can be read again, and nothing else can', () => {
    expect(parseReport(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(() => parseReport({ ...report, rows: [{ ...speed, metric: 'beauty' }] })).toThrow(
      /--report: .*rows\.0\.metric/,
    );
    expect(() => parseReport({ ...report, version: 2 })).toThrow(/--report: .*version/);
    expect(() => parseReport(null)).toThrow(/--report: expected what/);
  });
});

describe('the tables of a benchmark', () => {
  it('have a line for everybody who was measured, and only the columns that somebody has', () => {
    const { columns, rows } = resultTable(report.rows);
    expect(columns.map(({ header }) => header)).toEqual(['', '', 'images/s', 'in all', 'peak memory', 'Graft better']);
    expect(rows).toEqual([
      ['ResNet-18, frozen', 'Graft', '40.0 (30.0–60.0)', '', '', ''],
      ['', 'PyTorch script', '20.0', '', '500 MB', '2.00 ×'],
      ['the job', 'Graft', '', '5.0 s', '', ''],
      ['', 'PyTorch script', '', '100 s', '', '20.00 ×'].map((cell) => (cell === '100 s' ? '1 min 40 s' : cell)),
    ]);
  });

  it('say what machine it was, and who is missing and why', () => {
    const lines = renderReport(report, 'text');
    expect(lines[0]).toBe('Some CPU, 2 cores, 8.0 GB, AVX2; linux; Graft 1');
    expect(lines[1]).toContain('244 training and 153 validation images (photos), batch 16, 2 threads, 3 rounds');
    expect(lines).toContain('ResNet-18, frozen, Keras: not measured: no Python was found');
    expect(lines).toContain('ResNet-18, frozen, PyTorch script: random weights');
  });

  it('come in Markdown, too', () => {
    expect(
      markdownTable({ columns: [{ header: 'a' }, { header: 'b', align: 'right' }], rows: [['x|y', '1']] }),
    ).toEqual(['| a | b |', '|---|---:|', '| x\\|y | 1 |']);
    expect(renderReport(report, 'markdown')).toContain('| ResNet-18, frozen | Graft | 40.0 (30.0–60.0) |  |  |  |');
  });

  it('show milliseconds a step, the rest included and what measuring took left out', () => {
    const seconds = {
      ...{ epoch: 3, wait: 0.2, frozen: 0.4, forward: 0.6, backward: 0.5, update: 0.1, decode: 0.02, augment: 0.3 },
      probing: 1,
    };
    const { columns, rows } = profileTable([{ label: 'it', profile: { steps: 10, images: 160, seconds } }]);
    expect(columns.map(({ header }) => header)).toEqual(
      ['ms a step', 'wait', 'frozen', 'forward', 'backward', 'update', 'other', 'step', '(decode)', '(augment)'], // prettier-ignore
    );
    expect(rows).toEqual([['it', '20.0', '40.0', '60.0', '50.0', '10.0', '20.0', '200.0', '2.0', '30.0']]);
  });
});
