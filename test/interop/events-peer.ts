// A peer of events in Python, written for tests: pickle of the standard library, and pyzmq. It knows nothing of us.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Test } from 'tap';
import { until } from '../support/world.ts';
import { python } from './python.ts';

const script = `
import json, pickle, sys, zmq, zmq.auth

def default(value):
    return value.decode('latin-1') if isinstance(value, bytes) else repr(value)

class Peer:
    def __init__(self, emit, reg, keys):
        self.context = zmq.Context()
        self.sub, self.push = self.context.socket(zmq.SUB), self.context.socket(zmq.PUSH)
        for socket in (self.sub, self.push):
            socket.linger = 5000
            if keys:
                socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(keys + '/private_keys/client.key_secret')
                socket.curve_serverkey, _ = zmq.auth.load_certificate(keys + '/public_keys/server.key')
        self.sub.connect(reg)
        self.push.connect(emit)

    def emit(self, name, args, protocol):
        self.push.send(name.encode() + b'\\0' + pickle.dumps(tuple(args), protocol))

    def listen(self, name, count):
        self.sub.subscribe(name.encode())
        poller = zmq.Poller()
        poller.register(self.sub, zmq.POLLIN)
        # As with every SUB, the subscription takes a moment: a frame of our own shows that it is there.
        probe = b'PYTHON_IS_READY'
        self.sub.subscribe(probe)
        while True:
            self.push.send(probe + b'\\0(t.')
            if poller.poll(100) and self.sub.recv().startswith(probe):
                break
        print('ready', flush=True)
        while count:
            frame = self.sub.recv()
            tag, body = frame.split(b'\\0', 1)
            if tag == probe:
                continue
            print(json.dumps([tag.decode(), pickle.loads(body)], default=default), flush=True)
            count -= 1

verb, emit, reg, keys, *rest = sys.argv[1:]
if verb == 'keys':
    zmq.auth.create_certificates(emit, reg)
else:
    peer = Peer(emit, reg, keys)
    if verb == 'emit':
        for line in sys.stdin:
            name, protocol, args = json.loads(line)
            peer.emit(name, args, protocol)
    else:
        peer.listen(rest[0], int(rest[1]))
    peer.push.close(); peer.sub.close(); peer.context.term()
`;

export interface PeerPlace {
  readonly emitAddress: string;
  readonly regAddress: string;
  /** Folder of the keys. @default none */
  readonly keys?: string;
}

export class PythonPeer {
  readonly child: ChildProcess;
  out = '';
  readonly ended: Promise<number | null>;

  constructor(t: Test, words: readonly string[], input = '') {
    this.child = spawn(python, ['-c', script, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout?.on('data', chunk => {
      this.out += String(chunk);
    });
    this.child.stdin?.end(input);
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
    t.teardown(() => this.child.kill('SIGKILL'));
  }

  get lines(): string[] {
    return this.out.split('\n').slice(0, -1);
  }
}

/** Emits, as `[name, protocol, arguments]`, and ends. */
export function pythonEmits(
  t: Test,
  place: PeerPlace,
  events: readonly (readonly [string, number, unknown[]])[],
): PythonPeer {
  const { emitAddress, regAddress, keys = '' } = place;
  return new PythonPeer(
    t,
    ['emit', emitAddress, regAddress, keys],
    events.map(one => `${JSON.stringify(one)}\n`).join(''),
  );
}

/** Has subscribed, and prints so many events as `[name, arguments]`. */
export async function pythonListens(t: Test, place: PeerPlace, name: string, count: number): Promise<PythonPeer> {
  const { emitAddress, regAddress, keys = '' } = place;
  const peer = new PythonPeer(t, ['listen', emitAddress, regAddress, keys, name, String(count)]);
  await until('the Python peer is ready', () => peer.lines[0] === 'ready', 30_000);
  return peer;
}

/** A pair of keys as pyzmq makes it: NAME.key and NAME.key_secret in the folder. */
export async function pythonMakesKeys(t: Test, folder: string, name: string): Promise<void> {
  await new PythonPeer(t, ['keys', folder, name, '']).ended;
}
