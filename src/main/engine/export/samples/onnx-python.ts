import type { Exporter } from '../exporter.js';

const CODE = `# Classifies pictures with the exported folder that it lies in:
#   pip install onnxruntime numpy pillow
#   python sample.py PICTURE…     (without pictures: the self-test)
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

folder = Path(__file__).resolve().parent
labels, preprocess, self_test = (
    json.loads((folder / name).read_text(encoding="utf-8"))
    for name in ("labels.json", "preprocess.json", "self-test.json")
)
size = preprocess["input"]["shape"][1]
session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])


def read_picture(file):
    """Upright, RGB, transparency on white."""
    image = ImageOps.exif_transpose(Image.open(file)).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def prepare(image):
    """A picture of any size becomes the model's square, as preprocess.json says. Pillow's resizing antialiases."""
    filters = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
    resample = filters[preprocess["interpolation"]]
    width, height = image.size
    if preprocess["framing"] == "squash":
        return image.resize((size, size), resample)
    if preprocess["framing"] == "letterbox":
        scale = size / max(width, height)
        shape = (max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5)))
        square = Image.new("RGB", (size, size), tuple(int(value + 0.5) for value in preprocess["fill"]))
        square.paste(image.resize(shape, resample), ((size - shape[0]) // 2, (size - shape[1]) // 2))
        return square
    shorter = preprocess["resize"]
    shape = (shorter, shorter * height // width) if width <= height else (shorter * width // height, shorter)
    left, top = (round((length - size) / 2) for length in shape)
    return image.resize(shape, resample).crop((left, top, left + size, top + size))


def classify(square):
    """Probabilities by class. Normalisation is inside the model."""
    pixels = np.asarray(square, dtype=np.float32)[None]  # [1, size, size, 3], RGB in 0..255
    (probabilities,) = session.run(["probabilities"], {"pixels": pixels})
    return dict(zip(labels, probabilities[0].tolist()))


for file in sys.argv[1:]:
    print(json.dumps({"file": file, "probabilities": classify(prepare(read_picture(file)))}))
if len(sys.argv) == 1:
    # The picture of the self-test is framed already.
    received = classify(read_picture(folder / self_test["image"]))
    largest = max(abs(received[label] - self_test["expected"][label]) for label in labels)
    print("Self-test", "passed" if largest <= self_test["tolerance"] else "FAILED", "largest difference", largest)
`;

/** A Python program that classifies pictures. */
export const ONNX_SAMPLE: Exporter['sample'] = { language: 'python', file: 'sample.py', code: CODE };
