// The board in a real browser: two pages, the server of the example, and what happens between them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import type { Test } from 'tap';
import t from 'tap';
import { noBrowser, openBrowser } from '../../support/browser.ts';
import { bundleClient } from '../../support/client-bundle.ts';
import type { Program } from '../../support/programs.ts';
import { start } from '../../support/programs.ts';

/** For what a slow machine and the longest pauses of a client may take, in ms. */
const patience = 20_000;

class Visitor {
  readonly page: Page;

  constructor(page: Page, complaints: string[]) {
    this.page = page;
    page.setDefaultTimeout(patience);
    page.on('pageerror', error => complaints.push(error.message));
    page.on('console', message => {
      if (message.text().includes('Content Security')) complaints.push(message.text());
    });
  }

  /** Waits until it is there. */
  async sees(where: string, text: string): Promise<Locator> {
    const found = this.page.locator(where, { hasText: text }).first();
    await found.waitFor();
    return found;
  }

  async enter(form: string, text: string): Promise<void> {
    await this.page.fill(`${form} input`, text);
    await this.page.press(`${form} input`, 'Enter');
  }

  async comeIn(name: string): Promise<void> {
    await this.enter('#join', name);
    await this.sees('.person', `${name} (you)`);
  }

  /** Waits until it is connected so. */
  async isOn(transport: 'websocket' | 'polling', address: string): Promise<void> {
    await this.page.locator(`#link[data-state=open][data-transport=${transport}][data-address="${address}"]`).waitFor();
  }

  /** By a WebSocket; or by polls, where the server came back between the attempts with the one and with the other. */
  async isBack(address: string): Promise<void> {
    await this.page.locator(`#link[data-state=open][data-address="${address}"]`).waitFor();
  }

  async isAway(): Promise<void> {
    await this.page.locator('#link[data-state=away]').waitFor();
  }
}

interface Scene {
  readonly server: Program;
  readonly address: string;
  /** What should not be in the console of a page. */
  readonly complaints: readonly string[];
  visit(how?: (context: BrowserContext) => Promise<unknown>): Promise<Visitor>;
}

async function scene(t: Test, browser: Browser, ...words: string[]): Promise<Scene> {
  const complaints: string[] = [];
  const contexts: BrowserContext[] = [];
  const server = start(t, 'examples/qio-board', ['--port', '0', ...words]);
  const address = await server.says(/listening on any:\/\/(\S+)/);
  t.teardown(async () => {
    for (const context of contexts) await context.close();
  });
  return {
    server,
    address,
    complaints,
    async visit(how = async () => undefined) {
      const context = await browser.newContext();
      contexts.push(context);
      await how(context);
      const visitor = new Visitor(await context.newPage(), complaints);
      await visitor.page.goto(`http://${address}/`);
      return visitor;
    },
  };
}

/** Two who are here. */
async function pair({ visit }: Scene): Promise<[Visitor, Visitor]> {
  const [ada, bo] = await Promise.all([visit(), visit()]);
  await Promise.all([ada.comeIn('Ada'), bo.comeIn('Bo')]);
  await Promise.all([ada.sees('.person', 'Bo'), bo.sees('.person', 'Ada')]);
  return [ada, bo];
}

async function waved(from: Visitor, to: Visitor, name: string): Promise<void> {
  await from.page.click(`.person:has-text("${name}")`);
  await to.page.click('.toast button');
  await from.sees('.toast', `${name} waves back`);
}

/** Where a note is, once it is at the same place in both pages, and no longer where it was. */
async function placeIn(one: Locator, other: Locator, before = ''): Promise<string> {
  const end = performance.now() + patience;
  for (;;) {
    const [here = '', there] = (await Promise.all([one, other].map(note => note.getAttribute('style')))).map(
      style => /--x:[^;]*; *--y:[^;]*/.exec(style ?? '')?.[0],
    );
    if (here === there && here !== before) return here;
    if (performance.now() > end) throw new Error(`the note is at ${here} and at ${there}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

t.setTimeout(120_000);
t.test('two pages share a board', { skip: noBrowser }, async t => {
  await bundleClient();
  const browser = await openBrowser(t);

  await t.test('subscribe, broadcast, callback', async t => {
    const hall = await scene(t, browser);
    const [ada, bo] = await pair(hall);
    await ada.isOn('websocket', hall.address);

    const other = await hall.visit();
    await other.enter('#join', 'ada');
    await other.sees('#refused', 'Ada is here already');
    await other.comeIn('Cy');
    await bo.sees('.person', 'Cy');
    await other.page.close();
    await bo.page.locator('.person', { hasText: 'Cy' }).waitFor({ state: 'detached' });

    await ada.enter('#add', '<b>paper</b>');
    const [here, there] = [await ada.sees('.note', '<b>paper</b>'), await bo.sees('.note', '<b>paper</b>')];
    const before = await placeIn(here, there);
    const box = await here.boundingBox();
    if (box === null) throw new Error('the note has no place');
    await ada.page.mouse.move(box.x + 20, box.y + 20);
    await ada.page.mouse.down();
    await ada.page.mouse.move(300, 300, { steps: 5 });
    await ada.page.mouse.up();
    t.not(await placeIn(here, there, before), before, 'it moves on both boards');
    await bo.page.click('.note button');
    await here.waitFor({ state: 'detached' });

    await bo.enter('#say', 'hello');
    await ada.sees('.line', 'hello');
    await waved(ada, bo, 'Bo');
    t.equal(await ada.page.inputValue('#add input'), '', 'what the server has taken is no longer in the field');
    hall.server.child.kill('SIGTERM');
    t.equal((await hall.server.ended).code, 0);
    t.same(hall.complaints, []);
  });

  await t.test('both come back by themselves when the server does', async t => {
    const folder = mkdtempSync(join(tmpdir(), 'qio-board-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const keep = ['--file', join(folder, 'board.json')];
    const hall = await scene(t, browser, ...keep);
    const [ada, bo] = await pair(hall);
    await ada.enter('#add', 'kept');
    await bo.sees('.note', 'kept');
    hall.server.child.kill('SIGTERM');
    t.equal((await hall.server.ended).code, 0);
    await Promise.all([ada.isAway(), bo.isAway()]);
    await ada.enter('#say', 'said while it was away');
    await ada.enter('#add', 'not pinned');
    await ada.sees('.toast', 'The server is away');
    t.equal(await ada.page.inputValue('#add input'), 'not pinned', 'what was not taken is in the field again');

    const again = start(t, 'examples/qio-board', ['--port', new URL(`http://${hall.address}`).port, ...keep]);
    await again.says(/listening/);
    await Promise.all([ada.isBack(hall.address), bo.isBack(hall.address)]);
    await Promise.all([ada.sees('.person', 'Bo'), bo.sees('.person', 'Ada')]);
    await bo.sees('.line', 'said while it was away');
    t.equal(await bo.page.locator('.note').count(), 1, 'the note is there, once');
    await waved(bo, ada, 'Ada');
    t.same(hall.complaints, []);
  });

  await t.test('one moves to a second server, and nothing is missed', async t => {
    const hall = await scene(t, browser, '--peer', '0');
    const second = await hall.server.says(/listening[\s\S]*listening on any:\/\/(\S+)/);
    const [ada, bo] = await pair(hall);
    await ada.page.click('#cross');
    await ada.isOn('websocket', second);
    await bo.isOn('websocket', hall.address);
    await bo.sees('.person', 'Ada');
    await ada.enter('#say', 'from the second');
    await bo.sees('.line', 'from the second');
    await bo.enter('#add', 'from the first');
    await ada.sees('.note', 'from the first');
    await waved(bo, ada, 'Ada');
    await ada.page.click('#cross');
    await ada.isOn('websocket', hall.address);
    t.same(hall.complaints, []);
  });

  await t.test('where WebSockets are blocked, the pages poll', async t => {
    const hall = await scene(t, browser, '--peer', '0');
    const second = await hall.server.says(/listening[\s\S]*listening on any:\/\/(\S+)/);
    const ada = await hall.visit(context => context.addInitScript('delete globalThis.WebSocket'));
    const bo = await hall.visit(context => context.routeWebSocket(/./, socket => socket.close()));
    await Promise.all([ada.isOn('polling', hall.address), bo.isOn('polling', hall.address)]);
    await Promise.all([ada.comeIn('Ada'), bo.comeIn('Bo')]);
    await ada.enter('#say', 'slowly');
    await bo.sees('.line', 'slowly');
    await bo.sees('.person', 'Ada');
    await waved(bo, ada, 'Ada');
    await ada.page.click('#cross');
    await ada.isOn('polling', second);
    await bo.enter('#say', 'still there?');
    await ada.sees('.line', 'still there?');
    t.same(hall.complaints, []);
  });
});
