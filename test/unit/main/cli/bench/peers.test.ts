import { describe, expect, it } from 'vitest';
import {
  chooseInterpreter,
  extrapolateJob,
  parsePeerLine,
  peerMetrics,
  peersOf,
  type TimedLine,
} from '../../../../../src/main/cli/bench/peers.js';
import { findInterpreters, type Interpreter, runProgram } from '../../../../../src/main/cli/bench/python.js';
import { ROOT } from '../../../../support/shared-data.js';

const none: Interpreter = {
  ...{ command: 'none', python: '3.11', torch: null, torchvision: null, safetensors: null },
  ...{ efficientnetLite: null, keras: null, tensorflow: null },
};
const torch: Interpreter = { ...none, command: 'torch', torch: '2.13', torchvision: '0.28' };
const keras: Interpreter = { ...none, command: 'keras', keras: '3.15', tensorflow: '2.21' };

const epoch = (number: number, atSeconds: number, valAccuracy: number | null): TimedLine => ({
  line: { event: 'epoch', epoch: number, images: 40, seconds: 10 / number, valAccuracy },
  atSeconds,
});
const end: TimedLine = { line: { event: 'end', peakMemoryBytes: 7e8, version: 'PyTorch 2' }, atSeconds: 40 };

describe('what a peer says', () => {
  it('is read line by line, and what other libraries print is not', () => {
    const line = { event: 'epoch', epoch: 1, images: 40, seconds: 2, loss: 0.5, valAccuracy: null };
    expect(parsePeerLine(JSON.stringify(line))).toEqual({ event: 'epoch', epoch: 1, images: 40, seconds: 2, valAccuracy: null }); // prettier-ignore
    expect(parsePeerLine('Downloading…')).toBeNull();
    expect(parsePeerLine('{"event": "epoch", "epoch": 1}')).toBeNull();
    expect(parsePeerLine('3')).toBeNull();
  });

  it('gives the last epoch, when everything is warm, and the first time at the target', () => {
    const lines = [epoch(1, 12, 0.9), epoch(2, 20, 0.97), epoch(3, 30, 0.96), end];
    expect(peerMetrics(lines, 41, 0.9608)).toEqual({
      imagesPerSecond: 12,
      epochSeconds: 10 / 3,
      totalSeconds: 41,
      peakMemoryBytes: 7e8,
      accuracy: 0.97,
      secondsToAccuracy: 20,
    });
    expect(peerMetrics([epoch(1, 12, null), end], 41, 0.9)).not.toHaveProperty('accuracy');
    expect(peerMetrics([epoch(1, 12, 0.8), end], 41, 0.9)).not.toHaveProperty('secondsToAccuracy');
  });

  it('is no result when it ended early', () => {
    expect(() => peerMetrics([epoch(1, 12, null)], 41, 1)).toThrow(/without its numbers/);
    expect(() => peerMetrics([end], 41, 1)).toThrow(/without its numbers/);
  });

  it('stands for a whole job: the start once, then the mean of the epochs', () => {
    expect(extrapolateJob([epoch(1, 12, null), epoch(2, 20, null), end], 21, 15)).toBe(21 + 13 * 8);
    expect(extrapolateJob([epoch(1, 12, null), epoch(2, 20, null), end], 21, 2)).toBe(21);
  });
});

describe('the peers of a backbone', () => {
  it('are those that have it', () => {
    expect(peersOf('resnet18')).toEqual(['script', 'tuned']);
    expect(peersOf('mobilenet_v2')).toEqual(['script', 'tuned', 'keras']);
    expect(peersOf('efficientnet_lite2')).toEqual(['script', 'tuned']);
    expect(peersOf('test_tiny')).toEqual([]);
  });

  it('run in the first interpreter that has all they need', () => {
    expect(chooseInterpreter('script', 'resnet18', [none, keras, torch])).toEqual({ interpreter: torch });
    expect(chooseInterpreter('keras', 'mobilenet_v2', [torch, keras])).toEqual({ interpreter: keras });
  });

  it('are said to be missing, with what to install', () => {
    expect(chooseInterpreter('script', 'efficientnet_lite0', [torch])).toEqual({
      reason: expect.stringMatching(/efficientnet-lite-pytorch.*torch has not all of/) as string,
    });
    expect(chooseInterpreter('keras', 'mobilenet_v2', [])).toEqual({
      reason: expect.stringMatching(/no Python was found.*tensorflow.*--python/) as string,
    });
  });
});

describe('programs', () => {
  const { signal } = new AbortController();
  const options = { cwd: ROOT, signal, onLine: () => undefined };

  it('say why they fail', async () => {
    const fail = runProgram(process.execPath, ['-e', 'console.error("one\\ntwo"); process.exit(3)'], options);
    await expect(fail).rejects.toMatchObject({ code: 'unsupported', message: expect.stringMatching(/ended with 3: two$/) as string }); // prettier-ignore
    await expect(runProgram('no-such-program', [], options)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('end with an interrupt', async () => {
    const controller = new AbortController();
    const wait = ['-e', 'console.log("here"); setInterval(() => 0, 1000)'];
    const running = runProgram(process.execPath, wait, {
      ...{ cwd: ROOT, signal: controller.signal },
      onLine: () => controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('that are no Python are refused when they were named', async () => {
    const named = findInterpreters([process.execPath], ROOT, signal);
    await expect(named).rejects.toThrow(/--python: expected a Python interpreter, received/);
  });
});
