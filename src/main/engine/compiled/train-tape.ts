import { type Edge, floatType, type TrainWriter } from './train-writer.js';

/** Writes the gradients of a node's inputs, given its output's. */
type Backward = (dy: Edge) => void;

/**
 * What a forward pass leaves for the reverse one. Layers record how their gradients are written; {@link Tape.run} then
 * writes them from the last to the first, and sums what several consumers send back.
 */
export class Tape {
  private readonly records: { readonly y: Edge; readonly backward: Backward }[] = [];
  private readonly trained = new Set<Edge>();
  private readonly parts = new Map<Edge, Edge[]>();

  /** Marks a tensor as one that gets a gradient. */
  watch(x: Edge): void {
    this.trained.add(x);
  }

  /** Whether a variable lies before `x`: nothing else needs a gradient. */
  needs(x: Edge): boolean {
    return this.trained.has(x);
  }

  /** Records a node. It needs a gradient if one of its inputs does. */
  record(y: Edge, inputs: readonly Edge[], backward: Backward): Edge {
    if (inputs.some((x) => this.trained.has(x))) {
      this.trained.add(y);
      this.records.push({ y, backward });
    }
    return y;
  }

  /** Sends a gradient back to `x`; it is written only where it is needed. */
  send(x: Edge, gradient: () => Edge): void {
    if (!this.needs(x)) return;
    const parts = this.parts.get(x);
    if (parts) parts.push(gradient());
    else this.parts.set(x, [gradient()]);
  }

  /** Writes the reverse pass, beginning with the gradient of `y`. */
  run(writer: TrainWriter, y: Edge, dy: Edge): void {
    this.parts.set(y, [dy]);
    for (const { y: output, backward } of [...this.records].reverse()) {
      const total = this.gradient(writer, output);
      if (total !== null) backward(total);
    }
  }

  /** The gradient of a watched tensor after {@link run}; null where nothing depends on it. */
  gradient(writer: TrainWriter, x: Edge): Edge | null {
    const parts = this.parts.get(x);
    if (!parts) return null;
    if (parts.length > 1) {
      const sum = writer.node('AddN', `gradient/sum/${x.replace(':', '_')}`, parts, {
        T: floatType,
        N: { i: parts.length },
      });
      this.parts.set(x, [sum]);
      return sum;
    }
    return parts[0]!;
  }
}
