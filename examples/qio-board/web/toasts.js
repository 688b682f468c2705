// Short words that go by themselves.

const toasts = document.querySelector('#toasts');
const time = 5_000;

/** Gives the toast; `gone` is called when its time is over. */
export function toast(text, gone) {
  const shown = document.createElement('div');
  shown.className = 'toast';
  shown.textContent = text;
  toasts.append(shown);
  setTimeout(() => {
    shown.remove();
    gone?.();
  }, time);
  return shown;
}

/** For callbacks: says what went wrong, where it did. */
export function troubles(_data, _reply, code, reason) {
  if (code === 200) return;
  toast(code === -1 ? 'The server is away. Try again when it is back.' : (reason ?? `That did not work (${code}).`));
}
