import protobuf from 'protobufjs/light.js';

/**
 * The part of TensorFlow's saved_model.proto and what it includes that is needed to write a SavedModel of constants.
 * Field numbers are those of tensorflow/core/protobuf and tensorflow/core/framework.
 */
const DESCRIPTOR = {
  nested: {
    SavedModel: {
      fields: {
        savedModelSchemaVersion: { type: 'int64', id: 1 },
        metaGraphs: { rule: 'repeated', type: 'MetaGraphDef', id: 2 },
      },
    },
    MetaGraphDef: {
      fields: {
        metaInfoDef: { type: 'MetaInfoDef', id: 1 },
        graphDef: { type: 'GraphDef', id: 2 },
        signatureDef: { keyType: 'string', type: 'SignatureDef', id: 5 },
      },
    },
    MetaInfoDef: {
      fields: {
        tags: { rule: 'repeated', type: 'string', id: 4 },
        tensorflowVersion: { type: 'string', id: 5 },
      },
    },
    GraphDef: {
      fields: {
        node: { rule: 'repeated', type: 'NodeDef', id: 1 },
        versions: { type: 'VersionDef', id: 4 },
      },
    },
    VersionDef: { fields: { producer: { type: 'int32', id: 1 }, minConsumer: { type: 'int32', id: 2 } } },
    NodeDef: {
      fields: {
        name: { type: 'string', id: 1 },
        op: { type: 'string', id: 2 },
        input: { rule: 'repeated', type: 'string', id: 3 },
        attr: { keyType: 'string', type: 'AttrValue', id: 5 },
      },
    },
    AttrValue: {
      oneofs: { value: { oneof: ['list', 's', 'i', 'f', 'b', 'type', 'shape', 'tensor'] } },
      fields: {
        list: { type: 'ListValue', id: 1 },
        s: { type: 'bytes', id: 2 },
        i: { type: 'int64', id: 3 },
        f: { type: 'float', id: 4 },
        b: { type: 'bool', id: 5 },
        type: { type: 'int32', id: 6 },
        shape: { type: 'TensorShape', id: 7 },
        tensor: { type: 'TensorProto', id: 8 },
      },
    },
    ListValue: {
      fields: {
        i: { rule: 'repeated', type: 'int64', id: 3 },
        type: { rule: 'repeated', type: 'int32', id: 6 },
      },
    },
    TensorShape: { fields: { dim: { rule: 'repeated', type: 'Dim', id: 2 } } },
    Dim: { fields: { size: { type: 'int64', id: 1 } } },
    TensorProto: {
      fields: {
        dtype: { type: 'int32', id: 1 },
        tensorShape: { type: 'TensorShape', id: 2 },
        tensorContent: { type: 'bytes', id: 4 },
      },
    },
    SignatureDef: {
      fields: {
        inputs: { keyType: 'string', type: 'TensorInfo', id: 1 },
        outputs: { keyType: 'string', type: 'TensorInfo', id: 2 },
        methodName: { type: 'string', id: 3 },
      },
    },
    TensorInfo: {
      fields: {
        name: { type: 'string', id: 1 },
        dtype: { type: 'int32', id: 2 },
        tensorShape: { type: 'TensorShape', id: 3 },
      },
    },
  },
};

const root = protobuf.Root.fromJSON(DESCRIPTOR);

/** TensorFlow's DataType numbers. */
export const DT_FLOAT = 1;
export const DT_INT32 = 3;
export const DT_UINT8 = 4;
export const DT_BFLOAT16 = 14;

export interface TensorShape {
  dim: { size: number }[];
}

export interface TensorProto {
  dtype: number;
  tensorShape: TensorShape;
  tensorContent: Uint8Array;
}

/** One attribute of a node; exactly one field is set. */
export type AttrValue =
  | { list: { i: number[] } | { type: number[] } }
  | { s: Uint8Array }
  | { i: number }
  | { f: number }
  | { b: boolean }
  | { type: number }
  | { shape: TensorShape }
  | { tensor: TensorProto };

export interface NodeDef {
  name: string;
  op: string;
  input: string[];
  attr: Record<string, AttrValue>;
}

/** A tensor of a graph by name (`node:0`), as a signature lists it; -1 stands for any size. */
export interface TensorInfo {
  name: string;
  dtype: number;
  tensorShape: TensorShape;
}

export interface SignatureDef {
  inputs: Record<string, TensorInfo>;
  outputs: Record<string, TensorInfo>;
  methodName: string;
}

/** A shape message; -1 stands for any size. */
export function shapeOf(sizes: readonly number[]): TensorShape {
  return { dim: sizes.map((size) => ({ size })) };
}

/** GraphDef version that TensorFlow 2.x writes; every 2.x reads it. */
const PRODUCER = 1087;

/**
 * Encodes a `saved_model.pb` with the tag `serve`.
 *
 * @param signatures by name; `serving_default` is what readers look for
 */
export function encodeSavedModel(node: readonly NodeDef[], signatures: Record<string, SignatureDef>): Uint8Array {
  const message = {
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { tags: ['serve'], tensorflowVersion: '2.9.1' },
        graphDef: { node, versions: { producer: PRODUCER, minConsumer: 12 } },
        signatureDef: signatures,
      },
    ],
  };
  return root.lookupType('SavedModel').encode(message).finish();
}
