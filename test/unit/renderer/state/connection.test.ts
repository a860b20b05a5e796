import { expect, it, vi } from 'vitest';
import { GraftError } from '../../../../src/shared/errors.js';
import { createFakeLine, settle } from './fake-line.js';

it('waits with calls until the line is open', async () => {
  const line = createFakeLine({ 'runs.list': async () => [] });
  const call = line.connection.call('runs.list', {});
  expect(line.connection.state).toBe('connecting');
  void line.connection.open();
  expect(await call).toEqual([]);
  expect(line.connection.state).toBe('live');
});

it('opens a line that broke again, asks anew and hears events on it', async () => {
  const line = createFakeLine({ 'runs.list': async () => [] });
  const live = vi.fn();
  const heard = vi.fn();
  line.connection.onLive(live);
  line.connection.on('runs.changed', heard);
  await line.connection.open();
  line.isDown = true;
  line.drop();
  await settle();
  expect(line.connection.state).toBe('lost');
  const call = line.connection.call('runs.list', {});
  line.isDown = false;
  expect(await call).toEqual([]);
  expect(line.connection.state).toBe('live');
  expect(live).toHaveBeenCalledTimes(2);
  line.server.emit('runs.changed', { run: '/r' });
  await settle();
  expect(heard).toHaveBeenCalledTimes(1);
});

it('does not try again with a token that is refused', async () => {
  const line = createFakeLine({});
  line.refusal = new GraftError('not-granted', 'wrong token');
  await line.connection.open();
  expect(line.connection.state).toBe('denied');
});
