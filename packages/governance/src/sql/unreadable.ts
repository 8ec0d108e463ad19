/** Why a statement's columns could not be followed. It is no error of the user: all columns of the inputs stand in. */
export class Unreadable extends Error {}

export function unreadable(because: string): never {
  throw new Unreadable(because);
}
