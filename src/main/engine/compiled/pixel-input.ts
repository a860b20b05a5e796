import type { AttrValue } from './proto.js';
import { DT_FLOAT, DT_INT32, DT_UINT8 } from './proto.js';

/** What both of the graph's writers can write. */
interface InputWriter {
  node(op: string, name: string, inputs: readonly string[], attr: Record<string, AttrValue>): string;
  cast(name: string, x: string, from: number, to: number): string;
  reshape(name: string, x: string, shape: readonly number[]): string;
}

/** Name of the pixels as float32, behind a placeholder for bytes. Pixels that are float32 already can be fed here. */
export const floatsOf = (placeholder: string): string => `${placeholder}/float32`;

/**
 * Takes bytes apart that `uploadBytes` packed.
 *
 * @param name of the tensor that `words` is
 * @param words int32, [n, words of a picture]
 * @param shape of a picture
 * @returns float32, [n, …shape]
 */
export function writePixels(writer: InputWriter, name: string, words: string, shape: readonly number[]): string {
  const types = { T: { type: DT_INT32 }, type: { type: DT_UINT8 } };
  const bytes = writer.node('Bitcast', `${name}/bytes`, [words], types);
  const floats = writer.cast(`${name}/cast`, bytes, DT_UINT8, DT_FLOAT);
  return writer.reshape(floatsOf(name), floats, [-1, ...shape]);
}
