// A real browser, where the system has one.

import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';
import type { Test } from 'tap';

const path = '/usr/bin/chromium';

/** For a test's `skip`: why there is none, or false. */
export const noBrowser: string | false = !existsSync(path) && `${path} is not here: apt-get install chromium`;

/** Nothing of these goes into the network by itself. */
const words = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Closed at the end of the test. */
export async function openBrowser(t: Test): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: path, args: words, timeout: 30_000 });
  t.teardown(() => browser.close());
  return browser;
}
