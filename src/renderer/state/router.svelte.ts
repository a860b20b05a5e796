/** The app's pages, in the order of the rail; the first five are the steps. */
export const PAGES = ['data', 'augment', 'train', 'evaluate', 'export', 'runs'] as const;
export type PageName = (typeof PAGES)[number];

const isPage = (value: string): value is PageName => (PAGES as readonly string[]).includes(value);

function readHash(): PageName {
  const name = location.hash.replace(/^#\/?/, '').split('?')[0] ?? '';
  return isPage(name) ? name : 'data';
}

/** Which page is shown; kept in the address so that a reload stays and the back button works. */
export class Router {
  page: PageName = $state(readHash());

  constructor() {
    addEventListener('hashchange', () => (this.page = readHash()));
  }

  go(page: PageName): void {
    if (page === this.page) return;
    location.hash = `#/${page}`;
  }
}
