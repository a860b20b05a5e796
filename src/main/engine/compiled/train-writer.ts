import { invariant } from '../../../shared/errors.js';
import { type AttrValue, DT_FLOAT, DT_INT32, type NodeDef, shapeOf } from './proto.js';

/** A tensor of the graph: its node's name, with `:i` for an output other than the first. */
export type Edge = string;

export const text = (value: string): AttrValue => ({ s: new TextEncoder().encode(value) });
export const floatType: AttrValue = { type: DT_FLOAT };
export const intType: AttrValue = { type: DT_INT32 };

/** Where a variable lives in the graph. */
export interface GraphVariable {
  readonly handle: Edge;
  /** The one read of it: every consumer sees the value from before the step. */
  readonly value: Edge;
  /** In TensorFlow's layout. */
  readonly shape: readonly number[];
}

/** Writes the nodes of a TensorFlow graph whose weights are variables. Names are made unique. */
export class TrainWriter {
  readonly nodes: NodeDef[] = [];
  private readonly uses = new Map<string, number>();
  private readonly constants = new Map<string, Edge>();
  private readonly byName = new Map<string, GraphVariable>();

  /** @param scope begins the shared name of every variable */
  constructor(private readonly scope: string) {}

  /** Adds a node; `^name` among the inputs, after all others, is a control input. */
  node(op: string, name: string, inputs: readonly Edge[], attr: Record<string, AttrValue>): Edge {
    const use = this.uses.get(name) ?? 0;
    this.uses.set(name, use + 1);
    const unique = use === 0 ? name : `${name}_${use}x`;
    this.nodes.push({ name: unique, op, input: [...inputs], attr });
    return unique;
  }

  /** A node whose only attribute is its type. */
  float(op: string, name: string, ...inputs: readonly Edge[]): Edge {
    return this.node(op, name, inputs, { T: floatType });
  }

  /** @param shape -1 stands for any size */
  placeholder(name: string, shape: readonly number[], type = DT_FLOAT): Edge {
    return this.node('Placeholder', name, [], { dtype: { type }, shape: { shape: shapeOf(shape) } });
  }

  cast(name: string, x: Edge, from: number, to: number): Edge {
    return this.node('Cast', name, [x], { SrcT: { type: from }, DstT: { type: to }, Truncate: { b: false } });
  }

  /** A constant; equal ones are one node. */
  private constant(dtype: number, shape: readonly number[], values: Float32Array | Int32Array): Edge {
    const key = `${dtype}:${shape.join('x')}:${values.join(',')}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const tensorContent = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const value = { tensor: { dtype, tensorShape: shapeOf(shape), tensorContent } };
    const edge = this.node('Const', `const/${this.constants.size}`, [], { dtype: { type: dtype }, value });
    this.constants.set(key, edge);
    return edge;
  }

  scalar(value: number): Edge {
    return this.constant(DT_FLOAT, [], Float32Array.of(value));
  }

  vector(values: readonly number[]): Edge {
    return this.constant(DT_FLOAT, [values.length], Float32Array.from(values));
  }

  ints(values: readonly number[]): Edge {
    return this.constant(DT_INT32, [values.length], Int32Array.from(values));
  }

  /** Zeros, without carrying them in the file. */
  zeros(shape: readonly number[]): Edge {
    return this.node('Fill', 'zeros', [this.ints(shape), this.scalar(0)], { T: floatType, index_type: intType });
  }

  /** Ones in one row, [1, n], for a matrix [n, …]. */
  onesFor(x: Edge): Edge {
    const name = `${x.replace(':', '_')}/ones`;
    const rows = this.node('Slice', `${name}/count`, [this.shapeOf(x), this.ints([0]), this.ints([1])], {
      T: intType,
      Index: intType,
    });
    const axis = this.constant(DT_INT32, [], Int32Array.of(0));
    const shape = this.node('ConcatV2', `${name}/shape`, [this.ints([1]), rows, axis], {
      T: intType,
      N: { i: 2 },
      Tidx: intType,
    });
    return this.node('Fill', name, [shape, this.scalar(1)], { T: floatType, index_type: intType });
  }

  /** The sizes of a tensor, known when it runs. */
  shapeOf(x: Edge): Edge {
    return this.node('Shape', `${x.replace(':', '_')}/shape`, [x], { T: floatType, out_type: intType });
  }

  /** @param shape one size may be -1 */
  reshape(name: string, x: Edge, shape: readonly number[]): Edge {
    return this.node('Reshape', name, [x, this.ints(shape)], { T: floatType, Tshape: intType });
  }

  /** Pixels of `value` around the pictures of [n, h, w, c]. */
  pad(name: string, x: Edge, pixels: number, value: number): Edge {
    const sides = this.constant(DT_INT32, [4, 2], Int32Array.of(0, 0, pixels, pixels, pixels, pixels, 0, 0));
    const attributes = { T: floatType, Tpaddings: intType };
    if (value === 0) return this.node('Pad', name, [x, sides], attributes);
    return this.node('PadV2', name, [x, sides, this.scalar(value)], attributes);
  }

  /** Zeros before what [a, b, c, d] holds, as many along each axis as `before` says. */
  padBefore(name: string, x: Edge, before: readonly [number, number, number, number]): Edge {
    const sides = this.constant(DT_INT32, [4, 2], Int32Array.from(before.flatMap((count) => [count, 0])));
    return this.node('Pad', name, [x, sides], { T: floatType, Tpaddings: intType });
  }

  /** Takes away the outermost pixels of pictures. @param sizes of the result */
  cropTo(name: string, x: Edge, pixels: number, sizes: Edge): Edge {
    const inputs = [x, this.ints([0, pixels, pixels, 0]), sizes];
    return this.node('Slice', name, inputs, { T: floatType, Index: intType });
  }

  /** Back to front along axes. */
  reverse(name: string, x: Edge, axes: readonly number[]): Edge {
    return this.node('ReverseV2', name, [x, this.ints(axes)], { T: floatType, Tidx: intType });
  }

  /** Sum or mean over axes. */
  reduce(op: 'Sum' | 'Mean', name: string, x: Edge, axes: readonly number[], keepDims: boolean): Edge {
    return this.node(op, name, [x, this.ints(axes)], { T: floatType, Tidx: intType, keep_dims: { b: keepDims } });
  }

  matMul(name: string, a: Edge, b: Edge, transposeA: boolean, transposeB: boolean): Edge {
    return this.node('MatMul', name, [a, b], {
      T: floatType,
      transpose_a: { b: transposeA },
      transpose_b: { b: transposeB },
    });
  }

  /** Declares a variable, with its one read. */
  declare(name: string, shape: readonly number[]): GraphVariable {
    invariant(!this.byName.has(name), `the variable ${name} is declared once`);
    const handle = this.node('VarHandleOp', `variable/${name}`, [], {
      dtype: floatType,
      shape: { shape: shapeOf(shape) },
      shared_name: text(`${this.scope}/${name}`),
      container: text(''),
    });
    const value = this.node('ReadVariableOp', `value/${name}`, [handle], { dtype: floatType });
    const variable = { handle, value, shape };
    this.byName.set(name, variable);
    return variable;
  }

  variable(name: string): GraphVariable {
    const variable = this.byName.get(name);
    invariant(variable, `the graph has the variable ${name}`);
    return variable;
  }

  /** @returns the assignment, for a control input */
  assign(name: string, variable: GraphVariable, value: Edge): Edge {
    return this.node('AssignVariableOp', name, [variable.handle, value], { dtype: floatType });
  }

  /** `x`, once every one of `after` has run. */
  identityAfter(name: string, x: Edge, after: readonly Edge[]): Edge {
    return this.node('Identity', name, [x, ...after.map((node) => `^${node}`)], { T: floatType });
  }
}
