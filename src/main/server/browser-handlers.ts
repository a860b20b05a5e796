import { GraftError } from '../../shared/errors.js';
import type { HostInfo } from '../../shared/studio.js';
import { LINK_ADDRESSES } from '../hub/links.js';
import type { HostHandlers } from '../hub/types.js';
import { openAddress } from './open-address.js';

/** The page may be on another machine, so the host shows nothing on its own. */
export const BROWSER_CAPABILITIES: HostInfo['capabilities'] = { nativeDialogs: false, reveal: false, uploads: true };

/** What a browser host answers in its own way. */
export const browserHandlers: HostHandlers = {
  'host.pick': async () => {
    throw new GraftError(
      'unsupported',
      'a browser has no dialog for folders of this machine: list them by host.folders',
    );
  },
  'host.reveal': async () => {
    throw new GraftError('unsupported', 'a browser can show no folder of this machine');
  },
  'host.openLink': async ({ link }) => {
    const address = LINK_ADDRESSES[link];
    if (!(await openAddress(address))) {
      throw new GraftError('unsupported', `no browser could be started here: open ${address}`, {
        details: { address },
      });
    }
    return null;
  },
};
