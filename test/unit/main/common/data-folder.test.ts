import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataFolder } from '../../../../src/main/common/data-folder.js';

describe('dataFolder', () => {
  it.each([
    ['GRAFT_HOME before all', { GRAFT_HOME: '/g', XDG_DATA_HOME: '/x', LOCALAPPDATA: 'C:/l' }, 'win32', '/g'],
    ['XDG_DATA_HOME on Linux', { XDG_DATA_HOME: '/x' }, 'linux', join('/x', 'graft')],
    ['the home folder on Linux', {}, 'linux', join('/home/u', '.local', 'share', 'graft')],
    [
      'empty variables as none',
      { GRAFT_HOME: '', XDG_DATA_HOME: '' },
      'linux',
      join('/home/u', '.local', 'share', 'graft'),
    ],
    ['LOCALAPPDATA on Windows', { LOCALAPPDATA: 'C:/l', XDG_DATA_HOME: '/x' }, 'win32', join('C:/l', 'Graft')],
    ['the home folder on Windows', {}, 'win32', join('/home/u', 'AppData', 'Local', 'Graft')],
    [
      'Application Support on a Mac',
      { XDG_DATA_HOME: '/x' },
      'darwin',
      join('/home/u', 'Library', 'Application Support', 'Graft'),
    ],
  ] as const)('takes %s', (_, env, platform, expected) => {
    expect(dataFolder(env, platform, '/home/u')).toBe(expected);
  });
});
