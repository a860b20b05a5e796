import type { Component } from 'svelte';
import { PAGES, type PageName } from '../state/router.svelte.js';

const LOADERS: Readonly<Record<PageName, () => Promise<{ readonly default: Component }>>> = {
  data: () => import('./data/DataPage.svelte'),
  augment: () => import('./augment/AugmentPage.svelte'),
  train: () => import('./train/TrainPage.svelte'),
  evaluate: () => import('./evaluate/EvaluatePage.svelte'),
  export: () => import('./export/ExportPage.svelte'),
  runs: () => import('./runs/RunsPage.svelte'),
};

/** A page's component; each has a bundle of its own, which is fetched once. */
export async function loadPage(name: PageName): Promise<Component> {
  return (await LOADERS[name]()).default;
}

/** Fetches every page's bundle. One that fails is fetched again when it is opened, which then reports it. */
export async function preloadPages(): Promise<void> {
  for (const name of PAGES) await loadPage(name).catch(() => undefined);
}
