import * as v from 'valibot';

/** An absolute path. Hosts let pass only what lies inside a granted root. */
export const path = v.pipe(v.string(), v.minLength(1));
export const paths = v.pipe(v.array(path), v.minLength(1));
export const count = v.pipe(v.number(), v.integer(), v.minValue(1));
export const index = v.pipe(v.number(), v.integer(), v.minValue(0));
export const empty = v.strictObject({});
