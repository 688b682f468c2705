import type { Address } from '../../lib/index.ts';
import { parseAddress, tls } from '../../lib/index.ts';
import { authority, serverIdentity } from '../support/certificate.ts';
import { transportContract } from './transport.ts';

const anyPort = (): Address => parseAddress('tls://127.0.0.1:0');

transportContract('tls', { transport: tls({ ...serverIdentity, ca: authority }), address: anyPort });
