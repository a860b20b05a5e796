"""Keras with its own input pipeline: tf.data, decoded pictures cached, random crops and flips, prefetch."""

import os
import time
from pathlib import Path

os.environ.setdefault('KERAS_BACKEND', 'tensorflow')
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')

import keras
import tensorflow as tf

from protocol import parse_options, say, say_end

options = parse_options()
tf.config.threading.set_intra_op_parallelism_threads(options.threads)
keras.utils.set_random_seed(0)

folders = [folder for folder in sorted(Path(options.data, 'train').iterdir()) if folder.is_dir()]
files = [(str(file), index) for index, folder in enumerate(folders) for file in sorted(folder.iterdir())]
size = options.size


def decode(file, label):
    return tf.io.decode_image(tf.io.read_file(file), channels=3, expand_animations=False), label


def augment(picture, label):
    begin, extent, _ = tf.image.sample_distorted_bounding_box(
        tf.shape(picture),
        tf.zeros([1, 0, 4]),
        min_object_covered=0.0,
        aspect_ratio_range=(3 / 4, 4 / 3),
        area_range=(0.08, 1.0),
        use_image_if_no_bounding_boxes=True,
    )
    crop = tf.slice(picture, begin, extent)
    crop.set_shape([None, None, 3])
    crop = tf.image.random_flip_left_right(tf.image.resize(crop, [size, size]))
    return crop / 127.5 - 1.0, label


dataset = (
    tf.data.Dataset.from_tensor_slices(([file for file, _ in files], [label for _, label in files]))
    .map(decode, num_parallel_calls=tf.data.AUTOTUNE)
    .cache()
    .shuffle(len(files))
    .map(augment, num_parallel_calls=tf.data.AUTOTUNE)
    .batch(options.batch)
    .prefetch(tf.data.AUTOTUNE)
)

applications = {'mobilenet_v2': keras.applications.MobileNetV2}
backbone = applications[options.model](input_shape=(size, size, 3), include_top=False, weights=None, pooling='avg')
backbone.trainable = options.mode == 'fine-tune'
inputs = keras.Input((size, size, 3))
# As Keras's own guide has it: batch norm stays in inference mode also when the backbone is tuned.
model = keras.Model(inputs, keras.layers.Dense(len(folders))(backbone(inputs, training=False)))
model.compile(
    optimizer=keras.optimizers.SGD(options.lr, momentum=0.9),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
for epoch in range(1, options.epochs + 1):
    started = time.perf_counter()
    history = model.fit(dataset, epochs=1, verbose=0)
    seconds = time.perf_counter() - started
    say('epoch', epoch=epoch, images=len(files), seconds=seconds, loss=history.history['loss'][0], valAccuracy=None)
say_end(f'Keras {keras.__version__}, TensorFlow {tf.__version__}')
