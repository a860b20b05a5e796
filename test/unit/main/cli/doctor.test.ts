import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkInstallation, isSupportedNode } from '../../../../src/main/cli/installation.js';
import { GraftError } from '../../../../src/shared/errors.js';
import { runFakeCli } from '../../../support/cli.js';
import { FAKE_BACKBONE, FAKE_INFO, createFakeEngine } from '../../../support/fake-engine.js';

describe('graft doctor', () => {
  let root = '';
  const addon = ['node_modules', '@tensorflow', 'tfjs-node-gpu', 'lib', 'napi-v8', 'tfjs_binding.node'];
  const library = ['node_modules', '@tensorflow', 'tfjs-node-gpu', 'deps', 'lib', 'libtensorflow.so'];
  const entry = ['out', 'main', 'engine.js'];
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'graft-doctor-'));
    for (const parts of [addon, library, entry]) {
      mkdirSync(dirname(join(root, ...parts)), { recursive: true });
      writeFileSync(join(root, ...parts), '');
    }
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('is content when everything is there', async () => {
    const run = await runFakeCli(['doctor'], { root });
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('ok       TensorFlow: 2.21.0, backend tensorflow');
    expect(run.stdout).toContain(`ok       default backbone: efficientnet_lite2 at ${FAKE_BACKBONE.file}`);
    expect(run.stdout).toContain('Data folder: /fake/data');
    expect(run.stdout).not.toContain('MISSING');
    const json = await runFakeCli(['doctor', '--json'], { root });
    expect(json.json()).toMatchObject([{ ok: true, engine: FAKE_INFO }]);
  });

  it('says what is wrong when the engine cannot start', async () => {
    const engine = createFakeEngine();
    engine.startEngine = () => {
      throw new GraftError('not-found', 'expected the engine at /x, but it has not been built: run `npm run build`');
    };
    const run = await runFakeCli(['doctor'], { root, engine });
    expect(run.code).toBe(1);
    expect(run.stdout).toContain('MISSING  engine start: expected the engine at /x');
    const json = await runFakeCli(['doctor', '--json'], { root, engine });
    expect(json.code).toBe(1);
    expect(json.json()).toMatchObject([{ ok: false, engine: null }]);
  });

  it('names a backbone that is not stored and a backend that is not native', async () => {
    const engine = createFakeEngine({
      handlers: {
        'backbones.list': async () => [{ ...FAKE_BACKBONE, file: null }],
        'engine.info': async () => ({ ...FAKE_INFO, tensorflow: { version: '4.22.0', backend: 'cpu' } }),
      },
    });
    const run = await runFakeCli(['doctor'], { root, engine });
    expect(run.code).toBe(1);
    expect(run.stdout).toContain('run `graft backbones download efficientnet_lite2`');
    expect(run.stdout).toContain('MISSING  TensorFlow: 4.22.0, backend cpu');
  });

  it.each([
    ['linux-x64', 'libcudnn.so.9', 'npm run setup'],
    ['linux-arm64', 'libcudnn.so.9', 'install libcudnn.so.9'],
    ['linux-x64', 'libcuda.so.1', 'install its driver'],
  ])('on %s takes a missing %s for a note, not a failure', async (platform, library, remedy) => {
    const device = { kind: 'cpu', reason: 'no CUDA', missingLibraries: [library], cardFailed: false } as const;
    const engine = createFakeEngine({ handlers: { 'engine.info': async () => ({ ...FAKE_INFO, platform, device }) } });
    const run = await runFakeCli(['doctor'], { root, engine });
    expect(run.code).toBe(0);
    const [, note] = /note\s+device: cpu: no CUDA\n\s+→ (.*)/.exec(run.stdout) ?? [];
    expect(note).toContain(remedy);
  });

  it('takes a graphics card that failed its test for a note, and says what to do', async () => {
    const reason = 'the graphics card failed its test (it took longer than 120 s)';
    const device = { kind: 'cpu', reason, missingLibraries: [], cardFailed: true } as const;
    const engine = createFakeEngine({ handlers: { 'engine.info': async () => ({ ...FAKE_INFO, device }) } });
    const run = await runFakeCli(['doctor'], { root, engine });
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/note\s+device: cpu: .*longer than 120 s\)\n\s+→ bring the driver/);
  });

  it('looks at the files of an installation', () => {
    expect(checkInstallation(root, '20.19.0').every(({ ok }) => ok)).toBe(true);
    const bare = checkInstallation(join(root, 'nothing'), '18.20.0');
    expect(bare.every(({ ok, required, remedy }) => !ok && required && remedy !== null)).toBe(true);
  });

  it.each([
    ['18.20.0', false],
    ['20.18.9', false],
    ['20.19.0', true],
    ['21.7.0', false],
    ['22.11.0', false],
    ['22.12.0', true],
    ['23.5.0', false],
    ['24.0.0', true],
    ['26.1.0', true],
  ])('knows whether Node.js %s will do', (version, supported) => {
    expect(isSupportedNode(version)).toBe(supported);
  });
});
