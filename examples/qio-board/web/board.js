// The notes. The server sends all of them to who subscribes, then each change; places are 0 to 1 of the board.

import { troubles } from './toasts.js';

const board = document.querySelector('#notes');
const form = document.querySelector('#add');
const { text } = form.elements;
const shown = new Map();
/** While a note is dragged its place is told so often, in ms. */
const pause = 50;
const step = 0.03;
const arrows = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };

export function showBoard(qio) {
  qio.on('/board/notes', ({ all, note, gone }) => {
    if (all !== undefined) {
      for (const id of [...shown.keys()]) remove(id);
      for (const one of all) put(qio, one);
    }
    if (note !== undefined) put(qio, note);
    if (gone !== undefined) remove(gone);
  });
  form.addEventListener('submit', event => {
    event.preventDefault();
    const written = text.value;
    text.value = '';
    qio.send('/board/add', { text: written, ...freePlace() }, (...answer) => {
      if (answer[2] !== 200) text.value ||= written;
      troubles(...answer);
    });
  });
}

/** The one of some places that is farthest from all notes. */
function freePlace() {
  const others = [...shown.values()].map(placeOf);
  const places = Array.from({ length: 30 }, () => [Math.random(), Math.random()]);
  const room = ([x, y]) => Math.min(1, ...others.map(other => Math.hypot(x - other[0], y - other[1])));
  const [x, y] = places.reduce((best, one) => (room(one) > room(best) ? one : best));
  return { x, y };
}

function put(qio, note) {
  const known = shown.get(note.id);
  const element = known ?? make(qio, note);
  // Who holds a note knows better where it is.
  if (element.classList.contains('held')) return;
  place(element, note.x, note.y);
  // The last one is on top; what is there already must not lose the focus for that.
  if (known === undefined) board.append(element);
  element.style.zIndex = ++put.top;
}
put.top = 0;

function remove(id) {
  shown.get(id)?.remove();
  shown.delete(id);
}

function place(element, x, y) {
  element.style.setProperty('--x', x);
  element.style.setProperty('--y', y);
}

function make(qio, { id, text, name, hue }) {
  const element = document.createElement('article');
  element.className = 'note';
  element.tabIndex = 0;
  element.style.setProperty('--hue', hue);
  const by = document.createElement('small');
  by.textContent = name;
  const away = document.createElement('button');
  away.textContent = '×';
  away.ariaLabel = 'Take this note away';
  away.addEventListener('click', () => qio.send('/board/remove', id, troubles));
  element.append(text, by, away);
  element.addEventListener('pointerdown', event => drag(qio, id, element, event));
  element.addEventListener('keydown', event => push(qio, id, element, event));
  shown.set(id, element);
  return element;
}

function drag(qio, id, element, { pointerId, target, clientX, clientY }) {
  if (target !== element && target.localName === 'button') return;
  const { width, height } = board.getBoundingClientRect();
  const [x, y] = placeOf(element);
  let to = [x, y];
  let told = 0;
  element.setPointerCapture(pointerId);
  element.classList.add('held');
  const move = event => {
    to = [
      within(x + (event.clientX - clientX) / (width - element.offsetWidth)),
      within(y + (event.clientY - clientY) / (height - element.offsetHeight)),
    ];
    place(element, ...to);
    if (event.timeStamp - told < pause) return;
    told = event.timeStamp;
    // Nobody needs an answer to each step, nor to have them all after a pause.
    if (qio.state === 'open') qio.send('/board/move', { id, x: to[0], y: to[1] });
  };
  const drop = () => {
    element.removeEventListener('pointermove', move);
    element.classList.remove('held');
    if (to[0] !== x || to[1] !== y) qio.send('/board/move', { id, x: to[0], y: to[1] }, troubles);
  };
  element.addEventListener('pointermove', move);
  element.addEventListener('lostpointercapture', drop, { once: true });
}

function push(qio, id, element, event) {
  if (event.target !== element) return;
  if (event.key === 'Delete') qio.send('/board/remove', id, troubles);
  const [right, down] = arrows[event.key] ?? [];
  if (right === undefined) return;
  event.preventDefault();
  const [x, y] = placeOf(element);
  qio.send('/board/move', { id, x: within(x + right), y: within(y + down) }, troubles);
}

const placeOf = ({ style }) => [Number(style.getPropertyValue('--x')), Number(style.getPropertyValue('--y'))];
const within = n => Math.min(1, Math.max(0, n));
