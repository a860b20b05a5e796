import { describe, expect, it } from 'vitest';
import { ignoreRepeats } from '../../../../src/main/cli/index.js';

describe('signals', () => {
  it('count once when a group and its members are signalled together, and twice when the user insists', () => {
    let now = 0;
    let heard = 0;
    const listener = ignoreRepeats(
      () => heard++,
      () => now,
    );
    listener();
    now = 3;
    listener();
    now = 200;
    listener();
    expect(heard).toBe(1);
    now = 1200;
    listener();
    expect(heard).toBe(2);
  });
});
