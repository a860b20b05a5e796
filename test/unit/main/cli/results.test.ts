import { describe, expect, it } from 'vitest';
import { runFakeCli } from '../../../support/cli.js';
import { FAKE_EVALUATION, createFakeEngine } from '../../../support/fake-engine.js';

const cwd = '/home/me';

describe('graft evaluate', () => {
  it('prints accuracy with its interval, the confusion matrix and each class', async () => {
    const { stdout } = await runFakeCli(['evaluate', 'run']);
    expect(stdout).toContain('Accuracy 75.0 % (95 % interval 30.1–95.4 %) on 4 images, loss 0.5000');
    expect(stdout).toMatch(/^\s+ants\s+bees$/m);
    expect(stdout).toMatch(/^ants\s+2\s+0$/m);
    expect(stdout).toMatch(/^bees\s+1\s+1$/m);
    expect(stdout).toMatch(/^ants\s+66\.7 %\s+100\.0 %\s+80\.0 %\s+2$/m);
  });

  it('lists confusions in place of a matrix that would not fit', async () => {
    const classes = Array.from({ length: 13 }, (_, index) => `class${index}`);
    const confusion = classes.map((_, row) =>
      classes.map((__, column) => (row === column ? 9 : row === 3 && column < 2 ? column + 1 : 0)),
    );
    const engine = createFakeEngine({
      handlers: {
        'run.evaluate': async () => ({
          ...FAKE_EVALUATION,
          classes,
          confusion,
          perClass: classes.map((name) => ({ name, support: 0, precision: null, recall: null, f1: null })),
        }),
      },
    });
    const { stdout } = await runFakeCli(['evaluate', 'run'], { engine });
    expect(stdout).toMatch(/true class\s+predicted\s+images\nclass3\s+class1\s+2\nclass3\s+class0\s+1\n/);
    expect(stdout).toMatch(/^class0\s+–\s+–\s+–\s+0$/m);
  });

  it('prints JSON and passes its options', async () => {
    const engine = createFakeEngine();
    const run = await runFakeCli(['evaluate', 'run', '--data', 'other', '--split', 'test', '--json'], { engine, cwd });
    expect(engine.calls[0]!.params).toEqual({ run: '/home/me/run', data: '/home/me/other', split: 'test' });
    expect(run.json()).toEqual([FAKE_EVALUATION]);
    await runFakeCli(['evaluate', 'run'], { engine, cwd });
    expect(engine.calls[1]!.params).toEqual({ run: '/home/me/run', data: null, split: 'val' });
  });
});

describe('graft predict', () => {
  it('prints a table, and what was skipped on stderr', async () => {
    const run = await runFakeCli(['predict', 'run', 'a.jpg', 'notes.txt'], { cwd });
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/^image\s+predicted\s+probability\s+next\na\.jpg\s+ants\s+75\.0 %\s+bees 25\.0 %\n$/);
    expect(run.stderr).toBe('skipped notes.txt: not an image that the fake can read\n');
  });

  it("prints JSON with the user's own paths", async () => {
    const engine = createFakeEngine();
    const run = await runFakeCli(['predict', 'run', 'a.jpg', '/b.jpg', 'c.txt', '--json', '--framing', 'squash'], {
      engine,
      cwd,
    });
    expect(engine.calls[0]!.params).toEqual({
      model: '/home/me/run',
      paths: ['/home/me/a.jpg', '/b.jpg', '/home/me/c.txt'],
      framing: 'squash',
    });
    const image = { predicted: 'ants', probabilities: { ants: 0.75, bees: 0.25 }, logits: [1.5, 0.4] };
    expect(run.json()).toEqual([
      {
        classes: ['ants', 'bees'],
        images: [
          { path: 'a.jpg', ...image },
          { path: '/b.jpg', ...image },
        ],
        skipped: [{ path: 'c.txt', code: 'not-an-image', message: 'not an image that the fake can read' }],
      },
    ]);
  });

  it('prints CSV', async () => {
    const run = await runFakeCli(['predict', 'run', 'a, b.jpg', '--csv'], { cwd });
    expect(run.stdout).toBe('path,predicted,ants,bees\n"a, b.jpg",ants,0.75,0.25\n');
  });

  it('fails only when nothing could be predicted', async () => {
    const run = await runFakeCli(['predict', 'run', 'a.txt'], { cwd });
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toContain('None of the files could be predicted.');
    const json = await runFakeCli(['predict', 'run', 'a.txt', '--json'], { cwd });
    expect(json.code).toBe(1);
    expect(json.json()).toMatchObject([{ images: [], skipped: [{ path: 'a.txt' }] }]);
  });
});

describe('graft features', () => {
  it('prints the first values, or all as JSON', async () => {
    const engine = createFakeEngine();
    const human = await runFakeCli(['features', 'a.jpg', '--backbone', 'resnet18', '--weights', 'w.pth'], {
      engine,
      cwd,
    });
    expect(human.stdout).toContain('8 features an image by resnet18');
    expect(human.stdout).toMatch(/^a\.jpg\s+0\.0000\s+0\.1250\s+0\.2500\s+0\.3750\s+0\.5000\s+0\.6250$/m);
    expect(engine.calls[0]!.params).toEqual({
      paths: ['/home/me/a.jpg'],
      backbone: 'resnet18',
      weightsFile: '/home/me/w.pth',
      framing: 'crop',
    });
    const run = await runFakeCli(['features', 'a.jpg', '--backbone', 'resnet18', '--json'], { cwd });
    expect(run.json()).toEqual([
      {
        backbone: 'resnet18',
        dimension: 8,
        images: [{ path: 'a.jpg', features: [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875] }],
        skipped: [],
      },
    ]);
  });
});

describe('graft export', () => {
  it('reports the files and the self-test', async () => {
    const engine = createFakeEngine();
    const human = await runFakeCli(['export', 'run', '--out', 'web'], { engine, cwd });
    expect(engine.calls[0]!.params).toEqual({ run: '/home/me/run', format: 'tfjs', out: '/home/me/web' });
    expect(human.stdout).toMatch(/^model\.json\s+12\.3 kB$/m);
    expect(human.stdout).toContain('Self-test passed');
    expect(human.stdout).toContain('within 2.0e-7 (allowed 1e-4)');
    const run = await runFakeCli(['export', 'run', '--out', 'web', '--json'], { cwd });
    expect(run.json()).toMatchObject([{ format: 'tfjs', out: '/home/me/web', selfTest: { maxDifference: 2e-7 } }]);
  });
});
