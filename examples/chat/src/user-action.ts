/** What a user does with his app. */
export type UserAction =
  | { readonly does: "do-not-disturb"; readonly forMs: number; readonly message: string }
  | { readonly does: "look-away" }
  | { readonly does: "come-back" }
  | { readonly does: "quit" };
