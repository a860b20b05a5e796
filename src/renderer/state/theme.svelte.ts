export const THEMES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEMES)[number];

const KEY = 'graft.theme';

const isTheme = (value: string | null): value is ThemeChoice => (THEMES as readonly (string | null)[]).includes(value);

/** Light or dark, as the user chose or as the system is; set on the document for the style sheets. */
export class Theme {
  choice: ThemeChoice = $state('system');
  #system = $state<'light' | 'dark'>('light');

  constructor() {
    const stored = localStorage.getItem(KEY);
    if (isTheme(stored)) this.choice = stored;
    const query = matchMedia('(prefers-color-scheme: dark)');
    const follow = (): void => {
      this.#system = query.matches ? 'dark' : 'light';
      this.#apply();
    };
    query.addEventListener('change', follow);
    follow();
  }

  /** What is shown. Charts read their colours anew when it changes. */
  get shown(): 'light' | 'dark' {
    return this.choice === 'system' ? this.#system : this.choice;
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    localStorage.setItem(KEY, choice);
    this.#apply();
  }

  #apply(): void {
    document.documentElement.dataset['theme'] = this.shown;
  }
}
