// The exponential function and the logarithm of a float32, bit for bit as glibc has them since 2.27: tables and polynomials
// in float64, rounded once. XGBoost computes by them, and rounding `Math.exp` and `Math.log` would differ here and there.

const STEPS = 32;
const STEPS_PER_UNIT = 1.442_695_040_888_963_4 * STEPS;
const POWERS = Float64Array.from({ length: STEPS }, (_, place) => 2 ** (place / STEPS));
/** Of 2^x around 0, by one step: the best fit of the third degree, of which 1 is the constant. */
const POWER_FIT = [
  0.055_503_615_593_415_35 / STEPS ** 3,
  0.240_228_452_244_572_2 / STEPS ** 2,
  0.693_147_180_691_620_3 / STEPS,
] as const;
/** The natural logarithms of 2^128 and of half the least float32. */
const OVERFLOWS_ABOVE = 88.72283172607422;
const VANISHES_BELOW = -103.972076416015625;

/** e^x: a power of two from a table of 32 to the octave, times the polynomial of the rest. */
export function expf(x: number): number {
  if (x !== x) return x;
  if (x > OVERFLOWS_ABOVE) return Number.POSITIVE_INFINITY;
  if (x < VANISHES_BELOW) return 0;
  const [cube, square, line] = POWER_FIT;
  const scaled = x * STEPS_PER_UNIT;
  const step = roundToEven(scaled);
  const rest = scaled - step;
  const place = step & (STEPS - 1);
  const power = (POWERS[place] as number) * 2 ** ((step - place) / STEPS);
  return Math.fround(((cube * rest + square) * (rest * rest) + (line * rest + 1)) * power);
}

function roundToEven(x: number): number {
  const magic = 6_755_399_441_055_744;
  return x + magic - magic;
}

/** The inverses of the middles of 16 stretches from 0.7 to 1.4. */
const INVERSES = [
  1.398907162146528, 1.3403141896637998, 1.286432210124115, 1.2367150214269895, 1.1906977166711752, 1.1479821020556429,
  1.1082251448272158, 1.0711297413057381, 1.036437278977283, 1, 0.9492859795739057, 0.8951049428609004,
  0.8476821620351103, 0.8050314851692001, 0.7664671008843108, 0.731428603316328,
] as const;
const LOGARITHM_FIT = [-0.25089342214237154, 0.333456765744066, -0.4999997485802103] as const;
const STRETCHES_FROM = 0x3f_33_00_00;
const BITS = new DataView(new ArrayBuffer(4));

/** ln x of a float32 of full precision; what has none, 0 and what is below, as `Math.log` has it. */
export function logf(x: number): number {
  if (!(x >= 2 ** -126 && x < Number.POSITIVE_INFINITY)) return Math.fround(Math.log(x));
  BITS.setFloat32(0, x);
  const bits = BITS.getInt32(0);
  const beyond = bits - STRETCHES_FROM;
  const exponent = beyond >> 23;
  const inverse = INVERSES[(beyond >> 19) & 15] as number;
  BITS.setInt32(0, bits - (exponent << 23));
  const rest = BITS.getFloat32(0) * inverse - 1;
  const [fourth, cube, square] = LOGARITHM_FIT;
  const squared = rest * rest;
  const whole = exponent * Math.LN2 - Math.log(inverse);
  return Math.fround((fourth * squared + (cube * rest + square)) * squared + (whole + rest));
}
