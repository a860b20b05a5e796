import { describe, expect, it } from 'vitest';
import { GraftError } from '../../../../src/shared/errors.js';
import { createRecipe } from '../../../../src/shared/recipe.js';
import { GRAFT_VERSION } from '../../../../src/shared/version.js';
import { runFakeCli } from '../../../support/cli.js';
import { FAKE_BACKBONE, createFakeEngine } from '../../../support/fake-engine.js';

const cwd = '/home/me';
const commands = ['doctor', 'backbones', 'dataset', 'augment', 'train', 'evaluate', 'predict', 'features', 'export'];

describe('graft', () => {
  it('shows its help without a command', async () => {
    const run = await runFakeCli([]);
    expect(run.code).toBe(0);
    for (const command of commands) expect(run.stdout).toMatch(new RegExp(`^ {2}${command}`, 'm'));
    expect(run.stdout).toContain('Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted.');
    expect(run.stderr).toBe('');
  });

  it('shows its version', async () => {
    expect(await runFakeCli(['--version'])).toMatchObject({ code: 0, stdout: `${GRAFT_VERSION}\n` });
  });

  it.each([
    ...commands.filter((name) => name !== 'backbones' && name !== 'dataset').map((name) => [name]),
    ['backbones', 'list'],
    ['backbones', 'download'],
    ['backbones', 'import'],
    ['dataset', 'inspect'],
  ])('explains %s %s with an example', async (...words) => {
    const names = words.filter((word) => word !== undefined);
    const run = await runFakeCli([...names, '--help']);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain(`Usage: graft ${names.join(' ')}`);
    expect(run.stdout).toMatch(/Examples?:\n {2}graft /);
    expect(run.stdout).toContain('--json');
  });

  it.each([
    [['trian'], /unknown command 'trian'.*train/s],
    [['doctor', '--jsn'], /unknown option '--jsn'/],
    [['backbones'], /Usage: graft backbones/],
    [['backbones', 'remove'], /unknown command 'remove'/],
    [['dataset'], /Usage: graft dataset/],
    [['dataset', 'inspect'], /missing required argument 'dir'/],
    [['backbones', 'download'], /missing required argument 'id'/],
    [['predict', 'run'], /missing required argument 'path'/],
    [['predict', 'run', 'a.jpg', '--json', '--csv'], /cannot be used with/],
    [['features', 'a.jpg'], /required option '--backbone <id>'/],
    [['evaluate', 'run', '--split', 'all'], /train, val, test/],
    [['export', 'run'], /required option '--out <dir>'/],
    [['augment', '--data', 'd'], /required option '--out <dir>'/],
    [['augment', '--data', 'd', '--out', 'o', '--images', '0'], /at least 1, received "0"/],
  ])('exits with 2 for %j', async (argv, message) => {
    const engine = createFakeEngine();
    const run = await runFakeCli(argv, { engine });
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(message);
    expect(run.stdout).toBe('');
    expect(engine.ends).toEqual([]);
  });

  it("reports the engine's errors on stderr, with their code, and stops the engine", async () => {
    const engine = createFakeEngine({
      handlers: {
        'dataset.inspect': async ({ path }) => {
          throw new GraftError('not-found', `expected a folder at ${path}`, { cause: new Error('ENOENT') });
        },
      },
    });
    const run = await runFakeCli(['dataset', 'inspect', 'x', '--json'], { engine, cwd });
    expect(run).toMatchObject({ code: 1, stdout: '', stderr: 'graft: expected a folder at /home/me/x [not-found]\n' });
    expect(engine.ends).toEqual(['stop']);
  });

  it('shows where an error comes from with --verbose, before or after the command', async () => {
    const argv = ['train', '--recipe', '/none.json', '--out', 'o'];
    for (const verbose of [
      ['--verbose', ...argv],
      [...argv, '--verbose'],
    ]) {
      expect((await runFakeCli(verbose)).stderr).toMatch(/\[not-found\][^]*at .*read-json[^]*caused by: ENOENT/);
    }
    expect((await runFakeCli(argv)).stderr).not.toMatch(/caused by/);
  });

  it('cancels a call at the first interrupt', async () => {
    let interruptNow = (): void => undefined;
    let aborted = false;
    const engine = createFakeEngine({
      handlers: {
        'backbones.download': (_, { signal }) =>
          new Promise(() => {
            signal.addEventListener('abort', () => (aborted = true));
            setImmediate(interruptNow);
          }),
      },
    });
    const onStart = (interrupt: () => void): void => void (interruptNow = interrupt);
    const run = await runFakeCli(['backbones', 'download', 'resnet18'], { engine, onStart });
    expect(run).toMatchObject({ code: 130, stdout: '' });
    expect(run.stderr).toContain('[cancelled]');
    expect(aborted).toBe(true);
    expect(engine.ends).toEqual(['stop']);
  });
});

describe('graft backbones', () => {
  it('lists as a table', async () => {
    const { stdout } = await runFakeCli(['backbones', 'list']);
    const [header, first, second] = stdout.split('\n');
    expect(header).toMatch(/^id\s+ImageNet\s+parameters\s+multiply-adds\s+input\s+licence\s+weights$/);
    expect(first).toMatch(/^efficientnet_lite2\s+77\.6 %\s+6\.1 M\s+899 M\s+260 px\s+Fake-1\.0\s+stored$/);
    expect(second).toMatch(/^resnet18\s.*not stored$/);
  });

  it('lists as JSON', async () => {
    const run = await runFakeCli(['backbones', 'list', '--json']);
    expect(run.json()).toEqual([{ backbones: [FAKE_BACKBONE, { ...FAKE_BACKBONE, id: 'resnet18', file: null }] }]);
  });

  it('downloads several, one after the other', async () => {
    const engine = createFakeEngine();
    const run = await runFakeCli(['backbones', 'download', 'a', 'b'], { engine });
    expect(engine.calls.map(({ params }) => params)).toEqual([{ id: 'a' }, { id: 'b' }]);
    expect(run.stdout).toBe(`a: stored at ${FAKE_BACKBONE.file}\nb: stored at ${FAKE_BACKBONE.file}\n`);
  });

  it('imports a file by its absolute path', async () => {
    const engine = createFakeEngine();
    const run = await runFakeCli(['backbones', 'import', 'resnet18', 'w.pth', '--json'], { engine, cwd });
    expect(engine.calls).toEqual([{ method: 'backbones.import', params: { id: 'resnet18', file: '/home/me/w.pth' } }]);
    expect(run.json()).toMatchObject([{ backbones: [{ id: 'resnet18', file: '/home/me/w.pth' }] }]);
  });
});

describe('graft dataset inspect', () => {
  it('prints counts and problems', async () => {
    const { stdout, code } = await runFakeCli(['dataset', 'inspect', 'photos']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^class\s+train\s+val\s+test$/m);
    expect(stdout).toMatch(/^ants\s+100\s+10\s+0$/m);
    expect(stdout).toMatch(/^all\s+201\s+20\s+0$/m);
    expect(stdout).toContain('2 problems, 1 file left out:');
    expect(stdout).toMatch(/^left out\s+train\/ants\/x\.gif\s+not an image$/m);
    expect(stdout).toMatch(/^warning\s+train\/bees\/y\.jpg\s+only 20 px wide$/m);
  });

  it('prints JSON', async () => {
    const engine = createFakeEngine();
    const run = await runFakeCli(['dataset', 'inspect', 'photos', '--json'], { engine, cwd });
    expect(engine.calls).toEqual([{ method: 'dataset.inspect', params: { path: '/home/me/photos' } }]);
    expect(run.json()).toMatchObject([
      {
        layout: 'splits',
        classes: [
          { name: 'ants', train: 100, val: 10, test: 0 },
          { name: 'bees', train: 101, val: 10, test: 0 },
        ],
        problems: [{ path: 'train/ants/x.gif', code: 'not-an-image', message: 'not an image' }, {}],
      },
    ]);
  });
});

describe('graft augment', () => {
  it('asks for the pictures of a recipe', async () => {
    const engine = createFakeEngine();
    const argv = [
      'augment',
      '--data',
      'photos',
      '--out',
      'p',
      '--images',
      '2',
      '--views',
      '3',
      '--seed',
      '5',
      '--backbone',
      'resnet18',
    ];
    const run = await runFakeCli(argv, { engine, cwd });
    const plain = createRecipe('/home/me/photos');
    expect(engine.calls).toEqual([
      {
        method: 'augment.write',
        params: {
          // `--views` counts pictures here and must not change the recipe's own views.
          recipe: {
            ...plain,
            backbone: { id: 'resnet18', weightsFile: null },
            training: { ...plain.training, seed: 5 },
          },
          out: '/home/me/p',
          images: 2,
          views: 3,
        },
      },
    ]);
    expect(run.stdout).toBe('6 pictures and the plan written to p\n');
  });

  it('prints JSON, with 8 images and 4 views by default', async () => {
    const run = await runFakeCli(['augment', '--data', 'photos', '--out', 'p', '--json'], { cwd });
    const [report] = run.json();
    expect(report!['out']).toBe('/home/me/p');
    expect(report!['files']).toHaveLength(32);
  });
});
