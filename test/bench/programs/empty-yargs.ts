// A program that reads its command line with yargs, and does nothing.

import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';

await yargs(hideBin(process.argv)).option('x', {}).help().parseAsync();
