/**
 * e^x bit for bit as glibc has it since 2.28 on processors that multiply and add in one step, but for one number in a
 * million: a power of two from a table of 128 to the octave and its own rounding error, times a polynomial of the rest.
 * LightGBM computes by it; `Math.exp` is another number in one case of ten.
 */
export function exp(x: number): number {
  if (!(x > NORMAL_ABOVE && x < NORMAL_BELOW)) return Math.exp(x);
  const { powers, errors } = (table ??= makeTable());
  const [square, cube, fourth, fifth] = FIT;
  const step = roundToEven(x * STEPS_PER_UNIT);
  const rest = x + step * STEP_HIGH + step * STEP_LOW;
  const place = step & (STEPS - 1);
  const squared = rest * rest;
  const low = (errors[place] as number) + rest + squared * (square + rest * cube);
  const added = low + squared * squared * (fourth + rest * fifth);
  return addProduct(powers[place] as number, added) * 2 ** ((step - place) / STEPS);
}

/** Between them the result is a number of full precision. */
const NORMAL_ABOVE = -708;
const NORMAL_BELOW = 709;
const STEPS = 128;
const STEPS_PER_UNIT = 1.4426950408889634 * STEPS;
/** Minus ln 2 / 128, in two parts of which the first times a step has no rounding error. */
const STEP_HIGH = -0.005415212348111709;
const STEP_LOW = -1.2864023111638344e-14;
/** Of e^x around 0, after 1 + x. */
const FIT = [0.49999999999996786, 0.16666666666665886, 0.0416666808410674, 0.008333335853059549] as const;

/** a + a * b with one rounding: the errors of both steps are computed and added last (Dekker's product, Knuth's sum). */
function addProduct(a: number, b: number): number {
  const product = a * b;
  const [aHigh, bHigh] = [highPart(a), highPart(b)];
  const [aLow, bLow] = [a - aHigh, b - bHigh];
  const productError = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
  const sum = a + product;
  return sum + (product - (sum - a) + productError);
}

/** The upper half of a number's digits. */
function highPart(x: number): number {
  const large = x * 134_217_729;
  return large - (large - x);
}

function roundToEven(x: number): number {
  const magic = 6_755_399_441_055_744;
  return x + magic - magic;
}

interface Table {
  /** 2^(place / 128), and by what part of it that is too little. */
  readonly powers: Float64Array;
  readonly errors: Float64Array;
}

let table: Table | undefined;

/** In whole numbers of 2^-200. */
function makeTable(): Table {
  const one = 1n << 200n;
  let root = 2n * one;
  for (let halvings = STEPS; halvings > 1; halvings /= 2) root = squareRoot(root * one);
  const powers = new Float64Array(STEPS);
  const errors = new Float64Array(STEPS);
  for (let place = 0, power = one; place < STEPS; place += 1, power = (power * root) / one) {
    // 53 digits, rounded; the rest is the error.
    const whole = (power + (1n << 147n)) >> 148n;
    powers[place] = Number(whole) / 2 ** 52;
    errors[place] = Number(((power - (whole << 148n)) << 100n) / power) / 2 ** 100;
  }
  return { powers, errors };
}

function squareRoot(square: bigint): bigint {
  let root = 1n << 202n;
  for (let next = (root + square / root) / 2n; next < root; next = (root + square / root) / 2n) root = next;
  return root;
}
