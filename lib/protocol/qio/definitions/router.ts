// Which event a path leads to. An exact path wins. Otherwise the deepest event that handles children, of those passed on
// the way along the letters, takes it with the rest of the path, and only where that begins with a slash: there is no
// second try with a shallower one.
//
//   with /q (children), /q/an (children), /q/another:   /q/b is of /q     /q/an/t is of /q/an
//                                                       /q/another-t is of nobody: /q/an is deepest, `other-t` no child
//
// A path that ends in the middle of known ones is of nobody. Maps by letters: no name means anything to the language.

/** What stands at a path. */
export interface Routed {
  /** Clean, with a slash first. */
  readonly path: string;
  readonly handlesChildren: boolean;
}

export interface Found<E> {
  readonly event: E;
  /** The rest of the path, with its slash; empty where the path is exact. */
  readonly extra: string;
}

interface Node<E> {
  readonly next: Map<number, Node<E>>;
  event: E | undefined;
}

const slash = 0x2f;
const newNode = <E>(): Node<E> => ({ next: new Map(), event: undefined });

export class Router<E extends Routed> {
  readonly #root: Node<E> = newNode();
  readonly #exact = new Map<string, Found<E>>();

  /** False where the path is empty, or taken. */
  add(event: E): boolean {
    const { path } = event;
    if (path === '' || this.#exact.has(path)) return false;
    const found = { event, extra: '' };
    this.#exact.set(path, found).set(path.slice(1), found);
    let node = this.#root;
    for (let at = 1; at < path.length; at += 1) {
      const letter = path.charCodeAt(at);
      const next = node.next.get(letter) ?? newNode();
      node.next.set(letter, next);
      node = next;
    }
    node.event = event;
    return true;
  }

  /** Undoes `add`; what is left of the way does no harm but to paths in its middle. */
  remove({ path }: E): void {
    this.#exact.delete(path);
    this.#exact.delete(path.slice(1));
    this.#prune(this.#root, path, 1);
  }

  /** `path` is clean; a slash first makes no difference. */
  find(path: string): Found<E> | undefined {
    return this.#exact.get(path) ?? this.#parent(path);
  }

  #parent(path: string): Found<E> | undefined {
    const start = path.charCodeAt(0) === slash ? 1 : 0;
    let node = this.#root;
    let deepest: E | undefined;
    let rest = 0;
    for (let at = start; at < path.length; at += 1) {
      const next = node.next.get(path.charCodeAt(at));
      if (next === undefined) return deepest && childOf(deepest, path, rest);
      node = next;
      if (node.event?.handlesChildren !== true) continue;
      deepest = node.event;
      rest = at + 1;
    }
    return undefined;
  }

  /** Whether nothing is left of this way. */
  #prune(node: Node<E>, path: string, at: number): boolean {
    const letter = path.charCodeAt(at);
    if (at === path.length) node.event = undefined;
    else {
      const next = node.next.get(letter);
      if (next !== undefined && this.#prune(next, path, at + 1)) node.next.delete(letter);
    }
    return node.event === undefined && node.next.size === 0;
  }
}

function childOf<E>(event: E, path: string, rest: number): Found<E> | undefined {
  return path.charCodeAt(rest) === slash ? { event, extra: path.slice(rest) } : undefined;
}
