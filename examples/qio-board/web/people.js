// Who is here. To subscribe to /people/here is to be here; the server refuses a name that is taken.

import { toast } from './toasts.js';

const list = document.querySelector('#people');
const join = document.querySelector('#join');
const refused = document.querySelector('#refused');
const { name: field } = join.querySelector('form').elements;

/** Known to this window and the server alone: with it, the name is still ours after a reload. */
const key = sessionStorage.getItem('key') ?? crypto.getRandomValues(new Uint32Array(4)).join('-');
sessionStorage.setItem('key', key);

export const me = { name: '' };

export function comeIn(qio) {
  join.addEventListener('cancel', event => event.preventDefault());
  join.addEventListener('submit', event => {
    event.preventDefault();
    sit(qio, field.value.trim());
  });
  qio.on('/people/wave', (from, reply) => answer(from, reply));
  const name = sessionStorage.getItem('name');
  if (name !== null) sit(qio, name);
  else join.showModal();
}

function sit(qio, name) {
  qio.off('/people/here');
  me.name = name;
  refused.textContent = '';
  qio.on('/people/here', people => show(qio, people), {
    data: { name, key },
    accepted() {
      sessionStorage.setItem('name', name);
      join.close();
    },
    error(_code, reason) {
      me.name = '';
      list.replaceChildren();
      refused.textContent = reason ?? 'That did not work. Try again.';
      if (!join.open) join.showModal();
    },
  });
}

function show(qio, people) {
  const items = people.map(({ name, hue }) => {
    const person = document.createElement('button');
    person.className = 'person';
    person.dataset.first = [...name][0].toUpperCase();
    person.style.setProperty('--hue', hue);
    person.textContent = name === me.name ? `${name} (you)` : name;
    person.disabled = name === me.name;
    person.title = person.disabled ? '' : `Wave to ${name}`;
    person.addEventListener('click', () => wave(qio, name));
    const item = document.createElement('li');
    item.append(person);
    return item;
  });
  list.replaceChildren(...items);
}

/** The callback is called in any case: with the answer of the other page, or with what went wrong. */
function wave(qio, name) {
  toast(`You wave to ${name}`);
  qio.send('/people/wave', name, (answer, _reply, code, reason) => {
    if (code === 200) toast(answer.back ? `${name} waves back` : `${name} has seen it`);
    else toast(reason ?? 'That did not work.');
  });
}

/** The server asks for an answer, so there is a `reply`: whether we wave back, or have seen it and no more. */
function answer(from, reply) {
  const shown = toast(`${from} waves to you`, () => reply(false));
  const back = document.createElement('button');
  back.textContent = 'Wave back';
  back.addEventListener('click', () => {
    reply(true);
    shown.remove();
  });
  shown.append(back);
}
