import * as v from 'valibot';
import { FRAMINGS } from '../../../shared/input.js';

/** `preprocess.json`: how a picture becomes the model's input. What the network needs beyond that is inside the model. */
export const preprocessSchema = v.strictObject({
  format: v.literal('graft-preprocess'),
  version: v.literal(1),
  input: v.strictObject({
    shape: v.tuple([v.null(), v.number(), v.number(), v.literal(3)]),
    layout: v.literal('NHWC'),
    colour: v.literal('RGB'),
    range: v.tuple([v.literal(0), v.literal(255)]),
    normalisation: v.literal('inside the model'),
  }),
  framing: v.picklist(FRAMINGS),
  /** The shorter side is resized to this before the centre crop (framing `crop`). */
  resize: v.number(),
  interpolation: v.picklist(['bilinear', 'bicubic']),
  antialias: v.literal(true),
  /** Colour that fills what a letterboxed picture leaves free. */
  fill: v.tuple([v.number(), v.number(), v.number()]),
});

export type Preprocess = v.InferOutput<typeof preprocessSchema>;

export const labelsSchema = v.pipe(v.array(v.string()), v.minLength(2));
