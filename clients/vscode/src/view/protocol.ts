/** What the view and the extension tell each other. Only `answer` is HTML; it is made by `rendering.ts`. */

export interface ShownCitation {
  readonly number: number;
  readonly place: string;
  readonly source: string;
}

export interface ShownPatch {
  readonly number: number;
  readonly files: readonly string[];
}

export interface ShownTurn {
  readonly id: number;
  readonly question: string;
  /** The lines that the question is about, in words. */
  readonly about: string;
  readonly answer: string;
  readonly status: string;
  readonly error: string;
  readonly isRunning: boolean;
  readonly citations: readonly ShownCitation[];
  readonly patches: readonly ShownPatch[];
  readonly hasPage: boolean;
}

export type ToView =
  /** Who is signed in where, in words; empty: nobody. */
  | { readonly kind: "person"; readonly who: string }
  | { readonly kind: "turns"; readonly turns: readonly ShownTurn[] }
  | { readonly kind: "turn"; readonly turn: ShownTurn }
  /** The lines that the next question is about, and words to begin it with. */
  | { readonly kind: "prompt"; readonly about: string; readonly words: string };

export type FromView =
  | { readonly kind: "ready" | "sign-in" | "stop" | "new-thread" | "forget-selection" }
  | { readonly kind: "ask"; readonly text: string; readonly mode: string }
  | { readonly kind: "open-thread"; readonly turn: number }
  | {
      readonly kind: "open-citation" | "open-page" | "show-patch" | "apply-patch";
      readonly turn: number;
      readonly number: number;
    };
