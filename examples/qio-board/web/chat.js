// The chat. The server sends the last lines to who subscribes, then each new one.

import { me } from './people.js';
import { toast, troubles } from './toasts.js';

const list = document.querySelector('#lines');
const form = document.querySelector('#say');
const { text } = form.elements;
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const shown = new Set();

export function showChat(qio) {
  qio.on('/chat/lines', lines => {
    // After a pause the server sends what is there already, too.
    for (const line of lines) if (!shown.has(line.id)) add(line);
  });
  form.addEventListener('submit', event => {
    event.preventDefault();
    say(qio, text.value);
    text.value = '';
  });
}

/** With a callback while there is a server to call back; without one it may wait in the client until there is. */
function say(qio, line) {
  if (qio.state === 'open') return qio.send('/chat/say', line, troubles);
  qio.send('/chat/say', line);
  toast('It will be said when the server is back.');
}

function add({ id, name, hue, text, at }) {
  shown.add(id);
  const header = document.createElement('header');
  header.textContent = `${name}, ${clock.format(at)}`;
  const item = document.createElement('li');
  item.className = name === me.name ? 'line own' : 'line';
  item.style.setProperty('--hue', hue);
  item.append(header, text);
  list.append(item);
  list.scrollTop = list.scrollHeight;
}
