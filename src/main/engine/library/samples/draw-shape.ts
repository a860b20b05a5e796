import type { PixelImage } from '../../../../shared/image.js';
import { createStream, type RandomStream } from '../../../../shared/random.js';

export const SHAPES = ['circle', 'square', 'star', 'triangle'] as const;
export type Shape = (typeof SHAPES)[number];

type Colour = readonly [number, number, number];
type Point = readonly [number, number];

/** Lines on which a row of pixels is filled; more make flat edges smoother. */
const LINES_PER_ROW = 3;
/** Random numbers that noise is made of, over and over from another place. */
const NOISE_TABLE = 4096;

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

/** Where a horizontal line crosses a polygon's outline, from left to right. */
function crossings(corners: readonly Point[], y: number): number[] {
  const found: number[] = [];
  let [xj, yj] = corners.at(-1)!;
  for (const [xi, yi] of corners) {
    if (yi > y !== yj > y) found.push(((xj - xi) * (y - yi)) / (yj - yi) + xi);
    [xj, yj] = [xi, yi];
  }
  return found.sort((a, b) => a - b);
}

/** Fills a polygon, antialiased: a few lines a row, each with the exact share of the pixels at its ends. */
function fill({ width, height, data }: PixelImage, corners: readonly Point[], colour: Colour): void {
  const ys = corners.map(([, y]) => y);
  const bottom = Math.min(height - 1, Math.ceil(Math.max(...ys)));
  const shares = new Float64Array(width);
  for (let y = Math.max(0, Math.floor(Math.min(...ys))); y <= bottom; y++) {
    shares.fill(0);
    for (let line = 0; line < LINES_PER_ROW; line++) {
      const ends = crossings(corners, y + (line + 0.5) / LINES_PER_ROW);
      for (let pair = 0; pair + 1 < ends.length; pair += 2) {
        const from = Math.max(0, ends[pair]!);
        const to = Math.min(width, ends[pair + 1]!);
        for (let x = Math.floor(from); x < to; x++) {
          shares[x]! += (Math.min(to, x + 1) - Math.max(from, x)) / LINES_PER_ROW;
        }
      }
    }
    for (let x = 0; x < width; x++) {
      const share = shares[x]!;
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

function addNoise({ width, data }: PixelImage, stream: RandomStream, deviation: number): void {
  const table = Float64Array.from({ length: NOISE_TABLE }, () => deviation * stream.normal());
  let place = 0;
  for (let at = 0, x = 0; at < data.length; at += 3, x = (x + 1) % width) {
    if (x === 0) place = stream.integer(NOISE_TABLE);
    const noise = table[(place + x) % NOISE_TABLE]!;
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
