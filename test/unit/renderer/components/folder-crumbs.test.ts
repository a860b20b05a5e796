import { describe, expect, it } from 'vitest';
import { crumbsOf } from '../../../../src/renderer/components/folder-crumbs.js';

const home = { name: 'ada', path: '/home/ada' };
const photos = { name: 'photos', path: '/home/ada/photos' };

describe('the folders on the way', () => {
  it('begin with the nearest root', () => {
    expect(crumbsOf('/home/ada/work/ants', [home, photos]).map(({ path }) => path)).toEqual([
      '/home/ada',
      '/home/ada/work',
      '/home/ada/work/ants',
    ]);
    expect(crumbsOf('/home/ada/photos/bees', [home, photos])).toEqual([
      photos,
      { name: 'bees', path: '/home/ada/photos/bees' },
    ]);
  });

  it('take no root for one whose name only begins the same', () => {
    expect(crumbsOf('/home/adam', [home])).toEqual([{ name: '/home/adam', path: '/home/adam' }]);
  });

  it('know drives and the root of everything', () => {
    expect(crumbsOf('C:\\photos\\ants', [{ name: 'C:\\', path: 'C:\\' }]).map(({ path }) => path)).toEqual([
      'C:\\',
      'C:\\photos',
      'C:\\photos\\ants',
    ]);
    expect(crumbsOf('/data', [{ name: '/', path: '/' }]).map(({ path }) => path)).toEqual(['/', '/data']);
  });
});
