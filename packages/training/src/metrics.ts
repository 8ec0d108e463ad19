/** How good probabilities are against 0/1 labels. */
export interface Metrics {
  readonly rows: number;
  readonly base_rate: number;
  /** Area under the ROC curve, exact, ties counted half. */
  readonly auc: number;
  readonly average_precision: number;
  readonly log_loss: number;
  readonly brier: number;
  /** Expected calibration error over 20 bins of equal width. */
  readonly calibration_error: number;
  readonly accuracy: number;
}

export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  readonly meanProbability: number;
  readonly observedRate: number;
}

const CALIBRATION_BINS = 20;

export function scoreMetrics(labels: Float32Array, probabilities: Float32Array): Metrics {
  const rows = labels.length;
  let positives = 0;
  let logLoss = 0;
  let brier = 0;
  let right = 0;
  for (let row = 0; row < rows; row += 1) {
    const label = labels[row] ?? 0;
    const probability = probabilities[row] ?? 0;
    const safe = Math.min(Math.max(probability, 1e-15), 1 - 1e-15);
    positives += label;
    logLoss -= label === 1 ? Math.log(safe) : Math.log1p(-safe);
    brier += (probability - label) ** 2;
    if (probability >= 0.5 === (label === 1)) right += 1;
  }
  const bins = calibration(labels, probabilities);
  const calibrationError = bins.reduce(
    (sum, bin) => sum + (bin.rows / rows) * Math.abs(bin.meanProbability - bin.observedRate),
    0,
  );
  return {
    rows,
    base_rate: positives / rows,
    ...ranking(labels, probabilities, positives),
    log_loss: logLoss / rows,
    brier: brier / rows,
    calibration_error: calibrationError,
    accuracy: right / rows,
  };
}

/** AUC by ranks and average precision as scikit-learn defines it, both with tied probabilities taken together. */
function ranking(
  labels: Float32Array,
  probabilities: Float32Array,
  positives: number,
): { auc: number; average_precision: number } {
  const order = descending(probabilities);
  const negatives = labels.length - positives;
  let [above, below, area, precision] = [0, 0, 0, 0];
  for (let start = 0; start < order.length;) {
    const value = probabilities[order[start] ?? 0];
    let [tiedPositives, tiedNegatives, end] = [0, 0, start];
    for (; end < order.length && probabilities[order[end] ?? 0] === value; end += 1) {
      if (labels[order[end] ?? 0] === 1) tiedPositives += 1;
      else tiedNegatives += 1;
    }
    area += tiedNegatives * (above + tiedPositives / 2);
    above += tiedPositives;
    below += tiedNegatives;
    precision += (tiedPositives * above) / (above + below);
    start = end;
  }
  return { auc: area / (positives * negatives), average_precision: precision / positives };
}

/**
 * Row numbers by falling probability. A float from 0 to 1 sorts as its 30 bits do, so bits and row number together make
 * one exact double, and typed memory sorts it. Beyond 8 million rows the probability's lowest bits give way.
 */
function descending(probabilities: Float32Array): Uint32Array {
  const bits = new Uint32Array(probabilities.buffer, probabilities.byteOffset, probabilities.length);
  const rowBits = Math.max(1, Math.ceil(Math.log2(probabilities.length)));
  const dropped = Math.max(0, rowBits - 23);
  const keys = new Float64Array(probabilities.length);
  for (let row = 0; row < keys.length; row += 1) keys[row] = ((bits[row] ?? 0) >>> dropped) * 2 ** rowBits + row;
  keys.sort();
  const order = new Uint32Array(keys.length);
  for (let index = 0; index < keys.length; index += 1)
    order[index] = (keys[keys.length - 1 - index] ?? 0) % 2 ** rowBits;
  return order;
}

export function calibration(labels: Float32Array, probabilities: Float32Array): readonly CalibrationBin[] {
  const rows = new Float64Array(CALIBRATION_BINS);
  const sums = new Float64Array(CALIBRATION_BINS);
  const observed = new Float64Array(CALIBRATION_BINS);
  for (let row = 0; row < labels.length; row += 1) {
    const probability = probabilities[row] ?? 0;
    const bin = Math.min(CALIBRATION_BINS - 1, Math.floor(probability * CALIBRATION_BINS));
    rows[bin] = (rows[bin] ?? 0) + 1;
    sums[bin] = (sums[bin] ?? 0) + probability;
    observed[bin] = (observed[bin] ?? 0) + (labels[row] ?? 0);
  }
  return Array.from(rows, (count, bin) => ({
    from: bin / CALIBRATION_BINS,
    to: (bin + 1) / CALIBRATION_BINS,
    rows: count,
    meanProbability: count === 0 ? 0 : (sums[bin] ?? 0) / count,
    observedRate: count === 0 ? 0 : (observed[bin] ?? 0) / count,
  })).filter((bin) => bin.rows > 0);
}
