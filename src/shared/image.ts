/** An sRGB picture in memory: row-major, interleaved RGB, 8 bits a channel. */
export interface PixelImage {
  readonly width: number;
  readonly height: number;
  /** Length `width * height * 3`. */
  readonly data: Uint8Array;
}
