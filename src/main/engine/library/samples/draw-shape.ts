import type { PixelImage } from '../../../../shared/image.js';
import { createStream, type RandomStream } from '../../../../shared/random.js';

export const SHAPES = ['circle', 'square', 'star', 'triangle'] as const;
export type Shape = (typeof SHAPES)[number];

type Colour = readonly [number, number, number];
type Point = readonly [number, number];

/** Samples of a pixel's side when an edge runs through it. */
const EDGE_SAMPLES = 3;

const lumaOf = ([red, green, blue]: Colour): number => 0.299 * red + 0.587 * green + 0.114 * blue;

const randomColour = (stream: RandomStream): Colour => [
  stream.between(20, 236),
  stream.between(20, 236),
  stream.between(20, 236),
];

/** A colour that stands out from another. */
function contrasting(stream: RandomStream, other: Colour): Colour {
  const colour = randomColour(stream);
  const isFar = Math.abs(lumaOf(colour) - lumaOf(other)) > 60;
  if (isFar) return colour;
  const shift = lumaOf(other) > 128 ? -110 : 110;
  return [colour[0] + shift, colour[1] + shift, colour[2] + shift];
}

/** Corners of a shape with radius 1 around the origin. A circle has so many that none shows. */
function cornersOf(shape: Shape): Point[] {
  const around = (count: number, radius: (index: number) => number): Point[] =>
    Array.from({ length: count }, (_, index) => {
      const angle = (2 * Math.PI * index) / count;
      return [radius(index) * Math.cos(angle), radius(index) * Math.sin(angle)];
    });
  switch (shape) {
    case 'circle':
      return around(72, () => 1);
    case 'square':
      return around(4, () => 1);
    case 'triangle':
      return around(3, () => 1);
    case 'star':
      return around(10, (index) => (index % 2 === 0 ? 1 : 0.45));
  }
}

/** Whether a point lies inside a polygon: a ray from it crosses the outline an odd number of times. */
function isWithin(corners: readonly Point[], x: number, y: number): boolean {
  let isInside = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [xi, yi] = corners[i]!;
    const [xj, yj] = corners[j]!;
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) isInside = !isInside;
  }
  return isInside;
}

/** Share of a pixel that lies inside a polygon, 0..1. */
function coverage(corners: readonly Point[], x: number, y: number): number {
  let hits = 0;
  for (let i = 0; i < EDGE_SAMPLES; i++) {
    for (let j = 0; j < EDGE_SAMPLES; j++) {
      hits += Number(isWithin(corners, x + (i + 0.5) / EDGE_SAMPLES, y + (j + 0.5) / EDGE_SAMPLES));
    }
  }
  return hits / EDGE_SAMPLES ** 2;
}

/** Fills a polygon, antialiased. */
function fill({ width, height, data }: PixelImage, corners: readonly Point[], colour: Colour): void {
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const left = Math.max(0, Math.floor(Math.min(...xs)));
  const right = Math.min(width - 1, Math.ceil(Math.max(...xs)));
  const bottom = Math.min(height - 1, Math.ceil(Math.max(...ys)));
  for (let y = Math.max(0, Math.floor(Math.min(...ys))); y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const share = coverage(corners, x, y);
      if (share === 0) continue;
      const at = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) data[at + c] = clamp(data[at + c]! * (1 - share) + colour[c]! * share);
    }
  }
}

const clamp = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));

/** A gradient in a random direction, with or without stripes. */
function drawBackground({ width, height, data }: PixelImage, stream: RandomStream, from: Colour): void {
  const to = from.map((value) => value + stream.between(-40, 40));
  const angle = stream.between(0, 2 * Math.PI);
  const [dx, dy] = [Math.cos(angle) / width, Math.sin(angle) / height];
  const stripes = stream.chance(0.3) ? { period: stream.between(6, 40), depth: stream.between(4, 16) } : null;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = (x - width / 2) * dx + (y - height / 2) * dy + 0.5;
      const stripe = stripes === null ? 0 : stripes.depth * Math.sin((2 * Math.PI * place * width) / stripes.period);
      for (let c = 0; c < 3; c++, at++) data[at] = clamp(from[c]! * (1 - place) + to[c]! * place + stripe);
    }
  }
}

function addNoise({ data }: PixelImage, stream: RandomStream, deviation: number): void {
  for (let at = 0; at < data.length; at += 3) {
    const noise = deviation * stream.normal();
    for (let c = 0; c < 3; c++) data[at + c] = clamp(data[at + c]! + noise);
  }
}

/**
 * Draws one filled shape of random colour, size, place and turn on a random background, with some lines that mean
 * nothing and some noise. The same shape and number give the same picture.
 *
 * @param size side in pixels
 */
export function drawShape(shape: Shape, number: number, size: number): PixelImage {
  const stream = createStream('shapes', shape, number);
  const image: PixelImage = { width: size, height: size, data: new Uint8Array(size * size * 3) };
  const background = randomColour(stream);
  drawBackground(image, stream, background);
  for (let line = stream.integer(4); line > 0; line--) {
    const [x, y, angle] = [stream.between(0, size), stream.between(0, size), stream.between(0, Math.PI)];
    const [length, half] = [stream.between(0.2, 0.7) * size, stream.between(0.5, 1.5)];
    const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
    const corner = (along: number, across: number): Point => [
      x + dx * along - dy * across,
      y + dy * along + dx * across,
    ];
    const corners = [
      corner(-length / 2, -half),
      corner(length / 2, -half),
      corner(length / 2, half),
      corner(-length / 2, half),
    ];
    fill(image, corners, randomColour(stream));
  }
  const radius = stream.between(0.14, 0.36) * size;
  const [x, y] = [stream.between(radius, size - radius), stream.between(radius, size - radius)];
  const turn = stream.between(0, 2 * Math.PI);
  const [cos, sin] = [radius * Math.cos(turn), radius * Math.sin(turn)];
  const corners = cornersOf(shape).map(([u, v]): Point => [x + u * cos - v * sin, y + u * sin + v * cos]);
  fill(image, corners, contrasting(stream, background));
  addNoise(image, stream, stream.between(0, 14));
  return image;
}
