import { mount } from 'svelte';
import './styles/fonts.css';
import './styles/tokens.css';
import './styles/base.css';
import App from './App.svelte';
import { openHost } from './host/open-host.js';
import { Studio } from './state/studio.svelte.js';

const target = document.getElementById('app');
if (target !== null) mount(App, { target, props: { studio: new Studio(await openHost()) } });
