import { localBackplane } from '../../lib/index.ts';
import { backplaneContract } from './backplane.ts';

backplaneContract('in this process', async () => {
  const end = localBackplane();
  return { end: async () => end(), settled: async () => undefined, close: async () => undefined };
});
