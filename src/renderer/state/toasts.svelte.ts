/** A message that goes by itself. */
export interface Toast {
  readonly id: number;
  readonly kind: 'info' | 'success' | 'error';
  readonly text: string;
  /** More to read, below the text. */
  readonly detail: string | null;
  readonly action: { readonly label: string; readonly run: () => void } | null;
}

const SHOWN_MS = { info: 6000, success: 6000, error: 12_000 } as const;
const MAX_TOASTS = 4;

/** Messages at the corner of the window, the newest last. */
export class Toasts {
  list: readonly Toast[] = $state.raw([]);
  #nextId = 1;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();

  show(toast: Partial<Omit<Toast, 'id'>> & Pick<Toast, 'text'>): void {
    const full: Toast = { kind: 'info', detail: null, action: null, ...toast, id: this.#nextId++ };
    this.list = [...this.list, full].slice(-MAX_TOASTS);
    this.#start(full);
  }

  #start(toast: Toast): void {
    this.#timers.set(
      toast.id,
      setTimeout(() => this.dismiss(toast.id), SHOWN_MS[toast.kind]),
    );
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** Keeps messages while the pointer or the focus is on them. */
  hold(isHeld: boolean): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    if (!isHeld) for (const toast of this.list) this.#start(toast);
  }
}
