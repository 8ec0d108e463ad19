/** What is found of a step of a rollout, and why. */
export type Verdict =
  | { readonly kind: "wait"; readonly reason: string }
  | { readonly kind: "good"; readonly reason: string }
  | { readonly kind: "bad"; readonly reason: string };
