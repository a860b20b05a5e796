import { afterEach, describe, expect, it } from 'vitest';
import type { EndReason } from '../../../../src/shared/contract.js';
import type { FakeMenuItem } from '../../../support/fake-electron.js';
import { projectCalled, settle } from './fake-hub.js';
import { type StartedDesktop, startOnFakes } from './start.js';

let desktop: StartedDesktop;
afterEach(() => desktop.remove());

const run = '/runs/a';
const batch = { run, epoch: 1, steps: 40, loss: 1, accuracy: 0.5, lr: 0.1, imagesPerSecond: 9 };
const best = { epoch: 3, val: { loss: 0.2, accuracy: 0.9608 }, interval: [0.9, 0.99] } as const;

async function emit(...[name, data]: Parameters<StartedDesktop['hub']['server']['emit']>): Promise<void> {
  desktop.hub.server.emit(name, data as never);
  await settle();
}
const end = (reason: EndReason): Promise<void> =>
  emit('train.ended', { run, reason, best, seconds: {} } as never as Parameters<typeof emit>[1]);

function trainMenu(): Record<string, FakeMenuItem> {
  const menu = desktop.menu().find(({ label }) => label === '&Train');
  return Object.fromEntries(menu!.submenu!.map((item) => [item.label!, item]));
}

describe('a run in hand', () => {
  it('shows on the taskbar and keeps the machine awake, but not while it is paused', async () => {
    desktop = await startOnFakes();
    const window = desktop.windows[0]!;
    await emit('train.progress', { run, progress: { task: 'prepare', done: 0, total: null, unit: 'steps' } });
    expect(desktop.blockers.size).toBe(1);
    await emit('train.batch', { ...batch, step: 10 });
    await emit('train.paused', { run, isPaused: true });
    expect(desktop.blockers.size).toBe(0);
    await emit('train.paused', { run, isPaused: false });
    expect(desktop.blockers.size).toBe(1);
    await end('completed');
    expect(desktop.blockers.size).toBe(0);
    expect(window.bars).toEqual([
      [2, 'indeterminate'],
      [0.25, 'normal'],
      [0.25, 'paused'],
      [0.25, 'normal'],
      [-1, undefined],
    ]);
  });

  it('decides which commands the menu has, and the page gets them', async () => {
    desktop = await startOnFakes();
    expect(trainMenu()['Start Training']).toMatchObject({ enabled: false, accelerator: 'CmdOrCtrl+Enter' });
    await emit('projects.changed', { project: projectCalled('photos') });
    expect(trainMenu()['Start Training']).toMatchObject({ enabled: true });
    expect(trainMenu()['Pause']).toMatchObject({ enabled: false });
    trainMenu()['Start Training']!.click!();
    await emit('train.batch', { ...batch, step: 1 });
    expect(trainMenu()['Start Training']).toMatchObject({ enabled: false });
    trainMenu()['Pause']!.click!();
    await emit('train.paused', { run, isPaused: true });
    expect(trainMenu()['Resume']).toMatchObject({ enabled: true });
    trainMenu()['Stop and Keep']!.click!();
    expect(desktop.windows[0]!.webContents.sent.map(([, command]) => command)).toEqual([
      'train.start',
      'train.pause',
      'train.stop',
    ]);
  });

  it('tells of its end when nobody looks', async () => {
    desktop = await startOnFakes({ languages: ['en-GB'] });
    const window = desktop.windows[0]!;
    await end('early-stopping');
    expect(desktop.notifications.map(({ options }) => options)).toEqual([
      { title: 'Training is done: it got no better', body: 'Best validation accuracy 96.1%, in epoch 3.' },
    ]);
    window.isShown = false;
    desktop.notifications[0]!.emit('click');
    expect(window.isShown).toBe(true);
    expect(window.hasFocus).toBe(true);
    await end('completed');
    expect(desktop.notifications).toHaveLength(1);
  });

  it('tells why it failed, and nothing when the user stopped it', async () => {
    desktop = await startOnFakes();
    await end('stopped');
    await emit('train.cancelled', { run });
    expect(desktop.notifications).toHaveLength(0);
    await emit('train.failed', { run, error: { code: 'disk-full', message: 'the disk is full' } });
    expect(desktop.notifications[0]!.options).toEqual({ title: 'Training failed', body: 'the disk is full' });
  });
});

describe('quitting', () => {
  it('waits for the hub and then ends', async () => {
    desktop = await startOnFakes();
    desktop.app.quit();
    await settle();
    expect(desktop.dialog.shown).toHaveLength(0);
    expect(desktop.app.exitCode).toBeNull();
    expect(desktop.windows[0]!.isShown).toBe(false);
    desktop.app.quit();
    desktop.hub.finishClosing();
    await settle();
    expect(desktop.hub.isClosed).toBe(true);
    expect(desktop.app.exitCode).toBe(0);
  });

  it('goes on training when the user says so', async () => {
    desktop = await startOnFakes();
    desktop.hub.runInHand = run;
    desktop.dialog.presses = [1];
    desktop.windows[0]!.close();
    await settle();
    expect(desktop.dialog.shown[0]!.options).toMatchObject({
      buttons: ['Stop and Keep the Run', 'Cancel'],
      cancelId: 1,
    });
    expect(desktop.windows).toHaveLength(1);
    expect(desktop.windows[0]!.isShown).toBe(true);
    expect(desktop.hub.isClosed).toBe(false);
  });

  it('stops and keeps the run, and asks once', async () => {
    desktop = await startOnFakes();
    desktop.hub.runInHand = run;
    desktop.app.quit();
    desktop.app.quit();
    await settle();
    expect(desktop.dialog.shown).toHaveLength(1);
    desktop.hub.finishClosing();
    await settle();
    expect(desktop.app.exitCode).toBe(0);
    expect(desktop.windows).toHaveLength(0);
  });
});
