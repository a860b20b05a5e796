import type { ExportFormat } from '../../../shared/live-reports.js';
import type { OpenClassifier } from '../insight/predict.js';
import type { ClassifierModel } from '../runs/run-folder.js';
import type { TensorFlow } from '../tf.js';

/** Where an exporter's files go; it never sees a path. */
export interface ExportSink {
  write(name: string, bytes: Uint8Array | string): Promise<void>;
}

/** One export format. A new one is one file and one line in the registry. */
export interface Exporter extends Pick<ExportFormat, 'id' | 'label' | 'description'> {
  /** Name of the file by which an exported folder is known to be of this format. */
  readonly mainFile: string;
  /** A program that classifies pictures with the exported folder that it lies in; it is exported, too. */
  readonly sample: ExportFormat['sample'] & { readonly file: string };
  /** True, or the reason why this model cannot be written. */
  supports(model: ClassifierModel): true | string;
  /** Writes the model's own files; labels, preprocessing, the sample and the self-test are added for every format. */
  write(tf: TensorFlow, model: ClassifierModel, sink: ExportSink): Promise<void>;
  /** Opens written files again, for the self-test and for predicting with them. */
  open(tf: TensorFlow, folder: string): Promise<OpenClassifier>;
}
