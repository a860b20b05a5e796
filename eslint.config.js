import eslint from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import tseslint from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Who may import whom; `test/unit/structure.test.ts` walks the whole graph. */
const NO_NODE = { regex: '^node:', message: 'Shared code runs in the page, too.' };
const NO_ENGINE = { regex: '(^|/)engine/', message: 'Hosts speak to the engine by the contract only.' };
const NO_TENSORFLOW = { regex: '^@tensorflow/', message: 'Only the engine imports TensorFlow.' };
const NO_ELECTRON = { regex: '^electron$', message: 'The engine and the other hosts run without Electron.' };
const NO_HOSTS = {
  regex: '(^|/)(cli|desktop|server)/',
  message: 'The engine and what it shares with hosts know no host.',
};

const restrict = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

export default tseslint.config(
  { ignores: ['out/', 'node_modules/', 'coverage/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // A function may be async to meet an interface whose other implementations wait.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // tfjs's methods use `this` only through its own prototypes.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      'no-restricted-properties': [
        'error',
        {
          object: 'Math',
          property: 'random',
          message: 'Use a stream of src/shared/random.ts, so that a seed repeats it.',
        },
      ],
    },
  },
  ...svelte.configs.recommended,
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        projectService: true,
        extraFileExtensions: ['.svelte'],
        parser: tseslint.parser,
        svelteConfig,
      },
    },
    rules: {
      // svelte-check knows what is defined; props are written with let.
      'no-undef': 'off',
      'prefer-const': 'off',
      'no-unused-vars': 'off',
    },
  },
  {
    files: ['src/renderer/**'],
    languageOptions: { globals: globals.browser },
    rules: {
      ...restrict(NO_NODE, NO_ENGINE, NO_TENSORFLOW, NO_ELECTRON),
      // Sets and maps that a class keeps for itself need no signals.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  // In a test a cast says what the reader should take a value for.
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-unnecessary-type-assertion': 'off' } },
  { files: ['src/shared/**'], rules: restrict(NO_NODE, NO_ENGINE, NO_TENSORFLOW, NO_ELECTRON) },
  { files: ['src/main/common/**'], rules: restrict(NO_ELECTRON, NO_TENSORFLOW, NO_ENGINE, NO_HOSTS) },
  { files: ['src/main/engine/**'], rules: restrict(NO_ELECTRON, NO_HOSTS) },
  { files: ['src/main/cli/**'], rules: restrict(NO_ELECTRON, NO_TENSORFLOW, NO_ENGINE) },
  {
    files: ['scripts/**', 'bin/**', '**/*.mjs', '*.js'],
    languageOptions: { globals: globals.node },
    // JSDoc types are written as casts, which the plain rule takes for unused.
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_' }] },
  },
);
