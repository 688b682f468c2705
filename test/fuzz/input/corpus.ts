// Good lines that bad ones are made of: what was recorded, and what our daemon knows. A byte a character.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Case {
  readonly input?: string | { readonly hex: string };
  readonly to_string?: unknown;
  readonly to_json?: unknown;
}

const folder = fileURLToPath(new URL('../../../../test/golden/', import.meta.url));
const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** What the daemon of this fuzzer has rules for. */
const known = [
  'PING n=1',
  'PING _request=7',
  'PING _request=AAAAAAAAAAAA.3',
  'EVENT id=12;text=hello',
  'EVENT at=1.5;big=9223372036854775807;flag=true;id=-1;text="a;b";where=[::1]:80',
  'ECHO a=1;b="x;y";c=\\n\\r\\\\;d=',
  'ECHO _request=abcdefghijkl.1;a=1',
  'SLOW ms=5',
  'THROW',
  'REJECT',
  'ODD what=undefined',
  'OBSERVED n=1',
  'ASK n=1',
  'TELL text=something',
  'BIG size=20000;times=3',
  'FORWARD n=1;text=x',
  'PAUSE ms=3',
  'ALIVE serial=1;timestamp=12.5',
  'ABSOLUTELY serial=beat',
  'HELP',
  'LEAK',
  'STOP',
  'QUITTING',
  'RESTART',
  'READY my_address=127.0.0.1:4042',
  'UNKNOWN command=PING',
  'INVALID command=PING;message=why',
  'SERVICE_UNAVAILABLE destination_service=x;unsent_command=Y',
  'ANSWER _answer=1',
  'ANSWER _answer=@ASKED@',
  '<server:service other:place/PING n=1',
  '*/PING',
  '{"command":"PING","parameters":{"n":1}}',
  '{"sent-from-server":"a","sent-from-service":"b","server":"c","service":"d","command":"ECHO","parameters":{"x":1.5e3}}',
];

/** What sessions say; the words between @ are filled in when the line goes out. */
export const sessionLines: readonly string[] = [
  'ALIVE _session=@ID@.@SECRET@.0',
  'ALIVE _session=@STOLEN@.@SECRET@.0',
  'PING _session=@STOLEN@.@SECRET@.1;n=1',
  'PING _session=@ID@.@SECRET@.1;n=1',
  'PING _session=@ID@.@SECRET@.2',
  'ECHO _session=@ID@.@SECRET@.1;_request=@UNIQUE@.1;a=1',
  'SESSION epoch=@EPOCH@;id=@ID@;received=@COUNT@',
  'SESSION epoch=@EPOCH@;id=@ID@;received=0',
  'SESSION epoch=@EPOCH@;id=@ID@;received=none',
  'SESSION epoch=00000000;id=@ID@;received=@COUNT@',
  'SESSION epoch=@EPOCH@;id=@STOLEN@;received=1',
  'SESSION id=@ID@;over=true',
  'ACK count=@COUNT@',
  'ACK count=1',
  'ACK count=0',
  'ALIVE serial=beat',
  'ABSOLUTELY serial=beat',
  'INVALID command=SESSION;message=why',
  'INVALID command=ALIVE;message=why',
  'INVALID message=why',
  'UNKNOWN command=SESSION',
  'UNKNOWN command=ALIVE',
];

export const packetLines: readonly string[] = [
  'LOG_ROTATE',
  'LOG',
  'LOG_ROTATE secret_code=open',
  'LOG_ROTATE secret_code=shut',
  '<vm:ed_signal LOG_ROTATE secret_code=open',
  'PING n=1',
  'ECHO a=1',
  'THROW secret_code=open',
  '{"command":"LOG_ROTATE","parameters":{"secret_code":"open"}}',
];

/** What links say in the beginning, and what our daemon has handlers for. */
export const linkOpenings: readonly string[] = [
  '{"seq":1,"type":"register_control","data":{"agent":"x","version":"x"}}',
  '{"seq":1,"type":"register_slave","data":{"agent":"x","version":"x","name":"x","id":1}}',
  '{"seq":null,"type":"register_control","data":{"agent":"x","version":"x"}}',
  '{"seq":null,"type":"register_slave","data":{"agent":"x","version":"x","name":"x","id":2,"plugins":{}}}',
  '{"seq":null,"type":"register_slave","data":{"agent":"x","version":"x","name":"x","id":3,"plugins":{}}}',
  '{"seq":null,"type":"resume","data":{"session_token":"@TOKEN@","last_seq":null}}',
  '{"seq":null,"type":"resume","data":{"session_token":"@TOKEN@","last_seq":1}}',
];

const linkKnown = [
  '{"seq":1,"type":"add_request","data":{"a":1,"b":2}}',
  '{"seq":1,"type":"slow_request","data":{"ms":3}}',
  '{"seq":1,"type":"back_request","data":{}}',
  '{"seq":1,"type":"gone_request","data":{"instance_id":2}}',
  '{"seq":1,"type":"note_event","data":{"n":1}}',
  '{"seq":1,"type":"add_response","data":{"seq":1,"sum":2}}',
  '{"seq":1,"type":"prepare_disconnect_request","data":{}}',
  '{"seq":null,"type":"heartbeat","data":{"seq":1}}',
  '{"seq":null,"type":"heartbeat","data":{"seq":null}}',
];

/** Frames of links: those that real nodes and controls sent, and ours. */
function recordedFrames(): string[] {
  const frames = new Set<string>();
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { dir, frame, text } = value as { dir?: unknown; frame?: unknown; text?: unknown };
    if (dir === 'c2s' && frame === 'text' && typeof text === 'string') frames.add(text);
    for (const part of Object.values(value)) look(part);
  };
  for (const name of ['link-seed', 'link-sessions']) look(JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')));
  return [...frames];
}

export const linkFrames: readonly string[] = [
  ...recordedFrames(),
  ...linkKnown.flatMap(frame => Array.from({ length: 12 }, () => frame)),
];

function recorded(): string[] {
  const lines: string[] = [];
  for (const { input, to_string, to_json } of JSON.parse(
    readFileSync(`${folder}text-messages.json`, 'utf8'),
  ) as Case[]) {
    if (typeof input === 'object') lines.push(Buffer.from(input.hex, 'hex').toString('latin1'));
    for (const text of [input, to_string, to_json]) if (typeof text === 'string') lines.push(bytesOf(text));
  }
  for (const name of readdirSync(folder).filter(name => name.endsWith('.jsonl'))) {
    for (const row of readFileSync(folder + name, 'utf8').split('\n')) {
      const { bytes } = (row === '' ? {} : JSON.parse(row)) as { bytes?: unknown };
      if (typeof bytes === 'string') lines.push(...bytes.split('\n'));
    }
  }
  return [...new Set(lines)].filter(line => line !== '');
}

/** All lines of the text wire; few of the one that ends a connection, and with it a script. */
export const corpus: readonly string[] = [...recorded(), ...known.flatMap(line => [line, line, line]), 'CLOSE'];
