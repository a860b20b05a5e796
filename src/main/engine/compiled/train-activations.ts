import type { ActivationKind } from '../graph/types.js';
import type { Tape } from './train-tape.js';
import type { Edge, TrainWriter } from './train-writer.js';

/**
 * Writes an activation, and records its gradient. A rectifier's gradient is read off its output, which the next layer keeps
 * anyway; the others keep their input.
 */
export function writeActivation(writer: TrainWriter, tape: Tape, kind: ActivationKind, name: string, x: Edge): Edge {
  const back = `gradient/${name}`;
  const record = (y: Edge, gradient: (dy: Edge) => Edge): Edge =>
    tape.record(y, [x], (dy) => tape.send(x, () => gradient(dy)));
  const sixth = writer.scalar(1 / 6);
  switch (kind) {
    case 'linear':
      return x;
    case 'relu': {
      const y = writer.float('Relu', name, x);
      return record(y, (dy) => writer.float('ReluGrad', back, dy, y));
    }
    case 'relu6': {
      const y = writer.float('Relu6', name, x);
      return record(y, (dy) => writer.float('Relu6Grad', back, dy, y));
    }
    case 'sigmoid': {
      const y = writer.float('Sigmoid', name, x);
      return record(y, (dy) => writer.float('SigmoidGrad', back, y, dy));
    }
    case 'silu': {
      const gate = writer.float('Sigmoid', `${name}/gate`, x);
      const y = writer.float('Mul', name, x, gate);
      // d(x·σ(x)) = σ + x·σ·(1 − σ); SigmoidGrad(σ, dy) is dy·σ·(1 − σ).
      return record(y, (dy) => {
        const bend = writer.float('Mul', `${back}/bend`, x, writer.float('SigmoidGrad', `${back}/gate`, gate, dy));
        return writer.float('AddV2', back, writer.float('Mul', `${back}/straight`, dy, gate), bend);
      });
    }
    case 'hard_sigmoid': {
      const shifted = writer.float('AddV2', `${name}/shifted`, x, writer.scalar(3));
      const y = writer.float('Mul', name, writer.float('Relu6', `${name}/clipped`, shifted), sixth);
      return record(y, (dy) =>
        writer.float('Mul', back, writer.float('Relu6Grad', `${back}/clipped`, dy, shifted), sixth),
      );
    }
    case 'hard_swish': {
      const shifted = writer.float('AddV2', `${name}/shifted`, x, writer.scalar(3));
      const clipped = writer.float('Relu6', `${name}/clipped`, shifted);
      const y = writer.float('Mul', name, x, writer.float('Mul', `${name}/gate`, clipped, sixth));
      // By parts: relu6(x+3)/6 + x/6 where −3 < x < 3.
      return record(y, (dy) => {
        const bend = writer.float('Relu6Grad', `${back}/bend`, x, shifted);
        const slope = writer.float('Mul', `${back}/slope`, writer.float('AddV2', `${back}/sum`, clipped, bend), sixth);
        return writer.float('Mul', back, dy, slope);
      });
    }
  }
}
