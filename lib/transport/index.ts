export { memory } from './memory/index.ts';
export type { TcpOptions } from './tcp/index.ts';
export { tcp } from './tcp/index.ts';
export type * from './transport.ts';
export type { StreamTransports } from './transports.ts';
export { packetTransport, streamTransport } from './transports.ts';
export type * from './websocket/frame-channel.ts';
export type { TlsSettings, WebServer, WebSocketOptions } from './websocket/index.ts';
export { websocket } from './websocket/index.ts';
