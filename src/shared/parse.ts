import * as v from 'valibot';
import { GraftError } from './errors.js';
import { type Recipe, parseRecipe } from './recipe.js';

/**
 * Parses what came from outside by a schema.
 *
 * @param what names the thing in the message, for example the file or the method
 * @throws GraftError `invalid-value` with the field, what was expected and what came
 */
export function parseWith<S extends v.GenericSchema<unknown, unknown>>(
  schema: S,
  value: unknown,
  what: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const field = v.getDotPath(issue);
  throw new GraftError('invalid-value', `${what}${field === null ? '' : `, ${field}`}: ${issue.message}`, {
    details: { field },
  });
}

/** A schema that accepts whatever {@link parseRecipe} accepts. */
export const recipeFrom = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, Recipe>(({ dataset, addIssue, NEVER }) => {
    try {
      return parseRecipe(dataset.value);
    } catch (error) {
      if (!(error instanceof GraftError)) throw error;
      addIssue({ message: error.message });
      return NEVER;
    }
  }),
);
