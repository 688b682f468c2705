export { LineSlicer, longestLine } from './line.ts';
export { bytesOf, textOf } from './utf8.ts';
export { pack, unpack } from './whole.ts';
