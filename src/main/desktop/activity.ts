import type { BrowserWindow } from 'electron';
import type { EventName, Events } from '../../shared/contract.js';
import type { Client } from '../../shared/rpc.js';
import type { ElectronMain } from './electron.js';
import type { Words } from './words.js';

/** Beyond 1 Electron shows a bar that only says that something is going on. */
const INDETERMINATE = 2;
const NO_BAR = -1;

/** The run in hand, as the events tell it. */
export interface TrainingState {
  readonly run: string;
  readonly isPaused: boolean;
  /** 0..1; null while data and model are being prepared. */
  readonly done: number | null;
}

export interface ActivityOptions {
  readonly electron: Pick<ElectronMain, 'Notification' | 'powerSaveBlocker'>;
  readonly client: Pick<Client, 'on'>;
  readonly words: Words;
  readonly language: string;
  readonly window: () => BrowserWindow | null;
  /** A run began, was held or let go, or ended. */
  readonly onChange: (training: TrainingState | null) => void;
}

/** Shows a run outside the window: on the taskbar, by a notification at its end, and by keeping the machine awake. */
export function watchTraining(options: ActivityOptions): void {
  const { electron, client, words, window, onChange } = options;
  const percent = new Intl.NumberFormat(options.language, { style: 'percent', maximumFractionDigits: 1 });
  let training: TrainingState | null = null;
  let blocker: number | null = null;

  const showBar = (): void => {
    const bar = window();
    if (bar === null || bar.isDestroyed()) return;
    if (training === null) bar.setProgressBar(NO_BAR);
    else bar.setProgressBar(training.done ?? INDETERMINATE, { mode: modeOf(training) });
  };
  const stayAwake = (): void => {
    const isWorking = training !== null && !training.isPaused;
    if (isWorking && blocker === null) blocker = electron.powerSaveBlocker.start('prevent-app-suspension');
    else if (!isWorking && blocker !== null) {
      electron.powerSaveBlocker.stop(blocker);
      blocker = null;
    }
  };
  const set = (next: TrainingState | null): void => {
    const isNews = next?.run !== training?.run || next?.isPaused !== training?.isPaused;
    training = next;
    showBar();
    stayAwake();
    if (isNews) onChange(training);
  };
  const move = (run: string, changes: Partial<TrainingState>): void =>
    set({ isPaused: false, done: null, ...(training?.run === run ? training : {}), run, ...changes });

  const notify = (title: string, body: string): void => {
    if (window()?.isFocused() === true || !electron.Notification.isSupported()) return;
    const notification = new electron.Notification({ title, body });
    notification.on('click', () => {
      window()?.show();
      window()?.focus();
    });
    notification.show();
  };

  const on = <E extends EventName>(name: E, listener: (data: Events[E]) => void): void =>
    void client.on(name, listener);
  on('train.progress', ({ run }) => move(run, {}));
  on('train.started', ({ run }) => move(run, {}));
  on('train.batch', ({ run, step, steps }) => move(run, { done: steps === 0 ? null : step / steps }));
  on('train.paused', ({ run, isPaused }) => move(run, { isPaused }));
  on('train.cancelled', () => set(null));
  on('train.ended', ({ reason, best }) => {
    set(null);
    // Who stops a run knows that it has stopped.
    if (reason !== 'stopped')
      notify(words.ended[reason], words.bestAccuracy(percent.format(best.val.accuracy), best.epoch));
  });
  on('train.failed', ({ error }) => {
    set(null);
    notify(words.ended.failed, error.message);
  });
}

function modeOf({ isPaused, done }: TrainingState): 'paused' | 'indeterminate' | 'normal' {
  if (isPaused) return 'paused';
  return done === null ? 'indeterminate' : 'normal';
}
