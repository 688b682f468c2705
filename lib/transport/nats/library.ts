// The official client of NATS, loaded when a connection to NATS is first asked for.
//
// What its `connect` puts together is put together here by the same parts, because a caller of `connect` has nothing in its
// hands until it is connected: an attempt could not be given up, and the socket to a server that accepts and then says
// nothing would stay open for ever. So the version of the package is held to 3.3.

import type { ConnectionOptions, NatsConnection, NatsConnectionImpl } from '@nats-io/transport-node';
import { optional } from '../../base/optional.ts';

/** A client that dials, or has dialled. */
export interface Dialling {
  /** Resolves when the server has accepted us. */
  readonly connected: Promise<NatsConnection>;
  /** Closes its socket, whatever it is doing. */
  discard(): void;
}

export interface Library {
  dial(options: ConnectionOptions): Dialling;
  /** Reads the text of a `.creds` file. */
  credentials(text: string): NonNullable<ConnectionOptions['authenticator']>;
  /** Signs with the seed of an nkey. */
  seed(text: string): NonNullable<ConnectionOptions['authenticator']>;
}

let loaded: Library | undefined;

/** @throws UsageError MISSING_PACKAGE */
export async function loadNats(): Promise<Library> {
  loaded ??= await optional(
    'nats:// needs the package @nats-io/transport-node, which is not installed',
    '@nats-io/transport-node@~3.3.1',
    load,
  );
  return loaded;
}

async function load(): Promise<Library> {
  const [parts, { NodeTransport, nodeResolveHost }] = await Promise.all([
    import('@nats-io/transport-node'),
    import('@nats-io/transport-node/lib/node_transport.js'),
  ]);
  parts.setTransportFactory({ factory: () => new NodeTransport(), dnsResolveFn: nodeResolveHost });
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  return {
    dial(options) {
      // Its constructor is private in the types alone.
      const client: NatsConnectionImpl = Reflect.construct(parts.NatsConnectionImpl, [options]);
      const protocol = new parts.ProtocolHandler(client.options, client);
      client.protocol = protocol;
      return {
        connected: protocol.dialLoop().then(() => client as NatsConnection),
        discard() {
          protocol.transport?.discard();
          // Before its first socket it has nothing to close, and fails.
          protocol.close().catch(() => undefined);
        },
      };
    },
    credentials: text => parts.credsAuthenticator(bytes(text)),
    seed: text => parts.nkeyAuthenticator(bytes(text)),
  };
}
