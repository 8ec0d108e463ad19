/**
 * What a worker sees of the server's environment: where programs and libraries are found, how numbers are computed, and in
 * which language and zone. Keys, passwords and addresses of the server's are not for a model to read.
 */
const SEEN: readonly RegExp[] = [
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|VIRTUAL_ENV|XDG_CACHE_HOME)$/,
  /^(?:LC_|CONDA_)/,
  /^(?:LD_LIBRARY_PATH|LD_PRELOAD|DYLD_LIBRARY_PATH|DYLD_FALLBACK_LIBRARY_PATH|MALLOC_ARENA_MAX)$/,
  /^PYTHON[A-Z]*$/,
  /^(?:OMP|GOMP|KMP|MKL|OPENBLAS|BLIS|NUMEXPR|VECLIB|CUDA|NVIDIA|HIP|ROCR|TORCH|PYTORCH|TF)_/,
  /^(?:HF_HOME|HF_HUB_OFFLINE|TRANSFORMERS_OFFLINE|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE)$/,
];

export function workerEnvironment(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(own).filter(([name]) => SEEN.some((seen) => seen.test(name))));
}
