// The page: one client for all of it, and the connection as it is. Its parts subscribe to what they show, and never
// look after the connection: the client comes back by itself, and subscribes again.

import { QioClient } from '/qio/client.js';
import { showBoard } from './board.js';
import { showChat } from './chat.js';
import { comeIn } from './people.js';
import { toast } from './toasts.js';

const qio = new QioClient();
const link = document.querySelector('#link');
const cross = document.querySelector('#cross');
const names = { websocket: 'WebSocket', polling: 'polling' };

/** The port alone, where the machine is the one that the page is from. */
const short = address => address.replace(`${location.hostname}:`, ':');

showBoard(qio);
showChat(qio);
comeIn(qio);

qio.on('/open', ({ transport, address }) => {
  Object.assign(link.dataset, { state: 'open', transport, address });
  link.textContent = `${names[transport]} to ${short(address)}`;
  qio.send('/crossing/elsewhere', null, elsewhere => {
    cross.hidden = !elsewhere;
    if (elsewhere) cross.textContent = `Move to ${short(elsewhere)}`;
  });
});

qio.on('/close', () => {
  link.dataset.state = 'away';
  link.textContent = 'coming back …';
  cross.hidden = true;
});

qio.on('/qio/move', address => toast(`This page moves to ${short(address)}`));
cross.addEventListener('click', () => qio.send('/crossing/cross'));
