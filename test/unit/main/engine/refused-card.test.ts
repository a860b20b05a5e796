import { afterAll, expect, it, vi } from 'vitest';
import { describeBackend } from '../../../../src/main/engine/tf.js';

vi.mock('../../../../src/main/engine/graphics-card.js', () => ({
  refuseGraphicsCard: async () => 'a convolution gave 0',
}));

const before = process.env['CUDA_VISIBLE_DEVICES'];
afterAll(() => {
  if (before === undefined) delete process.env['CUDA_VISIBLE_DEVICES'];
  else process.env['CUDA_VISIBLE_DEVICES'] = before;
});

it('trains on the processor and says why, where the graphics card failed its test', async () => {
  delete process.env['CUDA_VISIBLE_DEVICES'];
  const { device, reason, cardFailed } = await describeBackend();
  expect({ device, cardFailed }).toEqual({ device: 'cpu', cardFailed: true });
  expect(reason).toBe('the graphics card failed its test (a convolution gave 0); Graft tests it again after a day');
  expect(process.env['CUDA_VISIBLE_DEVICES']).toBe('-1');
});
