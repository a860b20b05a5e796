import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const windowSchema = v.object({
  x: v.pipe(v.number(), v.integer()),
  y: v.pipe(v.number(), v.integer()),
  width: v.pipe(v.number(), v.integer(), v.minValue(1)),
  height: v.pipe(v.number(), v.integer(), v.minValue(1)),
  isMaximized: v.boolean(),
});

/** Where the window was, in device-independent pixels, and whether it filled the screen. */
export type WindowPlace = v.InferOutput<typeof windowSchema>;

// A field that can't be read falls back alone: a broken window place must not cost the theme.
const settingsSchema = v.object({
  theme: v.fallback(v.picklist(THEMES), 'system'),
  /** Where dialogs begin; Electron does not let the system remember it. */
  lastFolder: v.fallback(v.nullable(v.string()), null),
  /** Whose Node.js runs the engine and the library. */
  engine: v.fallback(v.picklist(['electron', 'node']), 'electron'),
  window: v.fallback(v.nullable(windowSchema), null),
});

export type DesktopSettings = v.InferOutput<typeof settingsSchema>;

export interface SettingsStore {
  readonly values: DesktopSettings;
  /** Changes some and writes them to disk. A disk that can't be written to is no reason to fail: the values hold until the end. */
  update(changes: Partial<DesktopSettings>): void;
}

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

/**
 * The desktop app's own settings; what belongs to a project lies with the project.
 *
 * @param file JSON, made when first written
 */
export function openSettings(file: string, log: (line: string) => void): SettingsStore {
  const parsed = v.safeParse(settingsSchema, read(file));
  let values = parsed.success ? parsed.output : v.parse(settingsSchema, {});
  return {
    get values() {
      return values;
    },
    update(changes) {
      values = { ...values, ...changes };
      const temporary = `${file}.${process.pid}.tmp`;
      try {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(temporary, JSON.stringify(values, null, 2));
        renameSync(temporary, file);
      } catch (error) {
        log(`graft: ${file} could not be written: ${String(error)}`);
      }
    },
  };
}
