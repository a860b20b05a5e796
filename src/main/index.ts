import * as electron from 'electron';
import { startDesktop } from './desktop/app.js';
import { findProjectRoot } from './common/project-root.js';
import { createHub } from './hub/hub.js';

void startDesktop({
  electron,
  createHub,
  root: findProjectRoot(),
  argv: process.argv,
  cwd: process.cwd(),
  env: process.env,
  platform: process.platform,
  log: (line) => void process.stderr.write(`${line}\n`),
});
