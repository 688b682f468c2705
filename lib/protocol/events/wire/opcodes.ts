// The opcodes of pickle, protocols 0 to 4, as far as they stand for data; and those that are refused, by name.

export const op = {
  mark: 0x28,
  emptyTuple: 0x29,
  stop: 0x2e,
  pop: 0x30,
  popMark: 0x31,
  dup: 0x32,
  binBytes: 0x42,
  shortBinBytes: 0x43,
  float: 0x46,
  binFloat: 0x47,
  int: 0x49,
  binInt: 0x4a,
  binInt1: 0x4b,
  long: 0x4c,
  binInt2: 0x4d,
  none: 0x4e,
  string: 0x53,
  binString: 0x54,
  shortBinString: 0x55,
  unicode: 0x56,
  binUnicode: 0x58,
  emptyList: 0x5d,
  append: 0x61,
  dict: 0x64,
  appends: 0x65,
  get: 0x67,
  binGet: 0x68,
  longBinGet: 0x6a,
  list: 0x6c,
  put: 0x70,
  binPut: 0x71,
  longBinPut: 0x72,
  setItem: 0x73,
  tuple: 0x74,
  setItems: 0x75,
  emptyDict: 0x7d,
  proto: 0x80,
  tuple1: 0x85,
  tuple2: 0x86,
  tuple3: 0x87,
  newTrue: 0x88,
  newFalse: 0x89,
  long1: 0x8a,
  long4: 0x8b,
  shortBinUnicode: 0x8c,
  binUnicode8: 0x8d,
  binBytes8: 0x8e,
  memoize: 0x94,
  frame: 0x95,
} as const;

/** What would build an object or make a call at the reader's side, or ask it for one. */
export const refusedOpcodes: ReadonlyMap<number, string> = new Map([
  [0x50, 'PERSID'],
  [0x51, 'BINPERSID'],
  [0x52, 'REDUCE'],
  [0x62, 'BUILD'],
  [0x63, 'GLOBAL'],
  [0x69, 'INST'],
  [0x6f, 'OBJ'],
  [0x81, 'NEWOBJ'],
  [0x82, 'EXT1'],
  [0x83, 'EXT2'],
  [0x84, 'EXT4'],
  [0x92, 'NEWOBJ_EX'],
  [0x93, 'STACK_GLOBAL'],
]);

type Kind = 'number' | 'text' | 'container';

/** What an opcode brings; of those that work with what is there already, nothing. */
export const kinds: (Kind | undefined)[] = Array.from({ length: 256 }, () => undefined);
const listed: { readonly [kind in Kind]: string } = {
  number: 'NIJKLMFG\x88\x89\x8a\x8b',
  text: 'STUVXBC\x8c\x8d\x8e',
  container: '()]}tldasue\x85\x86\x87',
};
for (const kind of ['number', 'text', 'container'] as const) {
  for (const letter of listed[kind]) kinds[letter.charCodeAt(0)] = kind;
}
