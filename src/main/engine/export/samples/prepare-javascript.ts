/**
 * JavaScript that frames a picture as Graft does: Pillow's antialiased filters, torchvision's rounding. Part of samples,
 * which must not depend on Graft.
 */
export const PREPARE_JAVASCRIPT = `// Resizing as Graft does it while it trains: a filter that widens when the picture shrinks. A canvas's own resizing would
// give other pixels and worse predictions.
const FILTERS = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight: (x) => {
      const t = Math.abs(x);
      if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
      return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
    },
  },
};

// For every pixel of a line of outLength: which of inLength pixels it is made of, and their shares.
function taps(inLength, outLength, { support, weight }) {
  const scale = inLength / outLength;
  const stretch = Math.max(scale, 1);
  return Array.from({ length: outLength }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support * stretch + 0.5));
    const end = Math.min(inLength, Math.trunc(centre + support * stretch + 0.5));
    const weights = Array.from({ length: end - first }, (_, j) => weight((first + j - centre + 0.5) / stretch));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, shares: weights.map((share) => share / sum) };
  });
}

// { width, height, data: RGB bytes } → the same of another size.
function resize(image, width, height, filter) {
  const clamp = (value) => Math.max(0, Math.min(255, Math.round(value)));
  const rows = new Uint8Array(width * image.height * 3);
  taps(image.width, width, filter).forEach(({ first, shares }, x) => {
    for (let y = 0; y < image.height; y++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        shares.forEach((share, j) => (sum += share * image.data[(y * image.width + first + j) * 3 + c]));
        rows[(y * width + x) * 3 + c] = clamp(sum);
      }
    }
  });
  const data = new Uint8Array(width * height * 3);
  taps(image.height, height, filter).forEach(({ first, shares }, y) => {
    for (let i = 0; i < width * 3; i++) {
      let sum = 0;
      shares.forEach((share, j) => (sum += share * rows[(first + j) * width * 3 + i]));
      data[y * width * 3 + i] = clamp(sum);
    }
  });
  return { width, height, data };
}

// A picture of any size → the model's square, as preprocess.json says.
function prepare(image, { input, framing, resize: shorter, interpolation, fill }) {
  const size = input.shape[1];
  const halfEven = (x) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
  let width = size;
  let height = size;
  if (framing === 'crop') {
    const isUpright = image.width <= image.height;
    width = isUpright ? shorter : Math.floor((shorter * image.width) / image.height);
    height = isUpright ? Math.floor((shorter * image.height) / image.width) : shorter;
  } else if (framing === 'letterbox') {
    const scale = size / Math.max(image.width, image.height);
    width = Math.max(1, Math.round(image.width * scale));
    height = Math.max(1, Math.round(image.height * scale));
  }
  const resized = resize(image, width, height, FILTERS[interpolation]);
  const isCropped = framing === 'crop';
  const left = isCropped ? halfEven((width - size) / 2) : -Math.floor((size - width) / 2);
  const top = isCropped ? halfEven((height - size) / 2) : -Math.floor((size - height) / 2);
  const square = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const isInside = x + left >= 0 && x + left < width && y + top >= 0 && y + top < height;
      for (let c = 0; c < 3; c++) {
        const from = ((y + top) * width + x + left) * 3 + c;
        square[(y * size + x) * 3 + c] = isInside ? resized.data[from] : Math.round(fill[c]);
      }
    }
  }
  return square;
}
`;
