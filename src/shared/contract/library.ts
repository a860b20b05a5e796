import * as v from 'valibot';
import { recipeFrom } from '../parse.js';
import { count, empty, index, path } from './fields.js';

/** Path inside the data set, with `/`: how the page names a picture. It is looked up in the scan, never opened. */
const image = v.pipe(v.string(), v.minLength(1));
const images = v.pipe(v.array(image), v.minLength(1));
const className = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200));

/** One change of a data set's overlay; the user's files stay as they are. */
export const datasetEditSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('exclude'), images }),
  v.strictObject({ kind: v.literal('include'), images }),
  /** A null class puts a picture back where its folder says. */
  v.strictObject({
    kind: v.literal('move'),
    moves: v.pipe(v.array(v.strictObject({ image, className: v.nullable(className) })), v.minLength(1)),
  }),
  /** `from` is the class's present name. Renaming to another class's name is refused. */
  v.strictObject({ kind: v.literal('rename'), from: className, to: className }),
]);

export type DatasetEdit = v.InferOutput<typeof datasetEditSchema>;

/** Which pictures of a data set a list is about; what is null does not narrow it. */
export const imageFilterSchema = v.strictObject({
  className: v.nullable(v.string()),
  split: v.nullable(v.picklist(['train', 'val', 'test'])),
  /** A problem's code. */
  problem: v.nullable(v.string()),
  /** Left out by the user. */
  isExcluded: v.nullable(v.boolean()),
  /** Part of a path, without regard to case. */
  search: v.string(),
});

export type ImageFilter = v.InferOutput<typeof imageFilterSchema>;

/** Calls on the library process, which keeps projects, data sets and runs, and never loads TensorFlow. */
export const LIBRARY_METHODS = {
  /** Projects by last use, the latest first. */
  'projects.list': empty,
  'projects.current': empty,
  /** Opens the project of a folder or a zip archive, made when there is none, and starts its scan. */
  'projects.open': v.strictObject({ path }),
  /** Makes or fetches a sample data set and opens it. */
  'projects.openSample': v.strictObject({ sample: v.picklist(['shapes', 'hymenoptera']) }),
  'projects.close': empty,
  /** Moves a project, its runs with it, to the trash; its data set stays where it is. */
  'projects.remove': v.strictObject({ id: v.string() }),
  /** Takes a project back from the trash; it is listed again, not opened. */
  'projects.restore': v.strictObject({ id: v.string() }),
  /** Replaces the draft recipe. `revision` is the one that the change was made on. */
  'projects.update': v.strictObject({ recipe: recipeFrom, revision: index }),
  'dataset.summary': empty,
  'dataset.rescan': empty,
  /** Ends the scan of the open data set, which is then `cancelled` until `dataset.rescan`; without a scan it does nothing. */
  'dataset.cancelScan': empty,
  'dataset.images': v.strictObject({
    filter: imageFilterSchema,
    offset: index,
    limit: v.pipe(count, v.maxValue(1000)),
  }),
  'dataset.image': v.strictObject({ image }),
  'dataset.problems': v.strictObject({
    code: v.nullable(v.string()),
    offset: index,
    limit: v.pipe(count, v.maxValue(1000)),
  }),
  /** Resolves to the change that takes this one back. */
  'dataset.edit': v.strictObject({ edit: datasetEditSchema }),
  /** Where a file lies; for hosts, which show it in its folder. */
  'dataset.file': v.strictObject({ image }),
  /** A re-encoded webp of at most `size` × `size` pixels on disk; for hosts, which serve it. */
  'media.thumbnail': v.strictObject({
    source: v.variant('kind', [
      v.strictObject({ kind: v.literal('image'), image }),
      v.strictObject({ kind: v.literal('file'), file: path }),
    ]),
    size: v.picklist([96, 192, 384, 1024]),
  }),
  /** The source pixels that training draws a picture from, as its cache file; for hosts, which serve it. */
  'media.pixels': v.strictObject({ image, backbone: v.string() }),
  'runs.list': empty,
  'runs.get': v.strictObject({ run: path }),
  /** A fresh folder name for a run of the current project; the run makes the folder. */
  'runs.reserve': v.strictObject({ name: v.string() }),
  'runs.rename': v.strictObject({ run: path, name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(120)) }),
  /** To the trash of the project, from which {@link LIBRARY_METHODS} `runs.restore` takes it back. */
  'runs.delete': v.strictObject({ run: path }),
  'runs.restore': v.strictObject({ run: path }),
} as const satisfies Record<string, v.GenericSchema<unknown, unknown>>;

/** Methods that only hosts call: their results hold paths of files that the page never needs. */
export const HOST_ONLY_METHODS = ['dataset.file', 'media.thumbnail', 'media.pixels'] as const;
