"""Trains LightGBM on a matrix of raw float32 files and prints times and the test AUC as JSON, for each number of threads."""

import json
import sys
import time

import lightgbm as lgb
import numpy as np
from sklearn.metrics import roc_auc_score

settings = json.load(open(sys.argv[1]))


def matrix(part):
    rows, width = part["rows"], len(settings["features"])
    values = np.fromfile(part["columns"], dtype=np.float32).reshape(width, rows).T
    return np.ascontiguousarray(values), np.fromfile(part["labels"], dtype=np.float32)


train, labels = matrix(settings["train"])
test, test_labels = matrix(settings["test"])
results = []
for threads in settings["threads"]:
    parameters = {**settings["parameters"], "num_threads": threads, "verbose": -1}
    started = time.perf_counter()
    data = lgb.Dataset(train, labels, params=parameters, free_raw_data=False).construct()
    binned, processor = time.perf_counter(), time.process_time()
    booster = lgb.train(parameters, data, num_boost_round=settings["trees"])
    fitted, processor = time.perf_counter(), time.process_time() - processor
    auc = roc_auc_score(test_labels, booster.predict(test, num_threads=2))
    times = {"binSeconds": binned - started, "fitSeconds": fitted - binned, "fitProcessorSeconds": processor}
    results.append({"threads": threads, **times, "auc": auc})
print(json.dumps({"version": lgb.__version__, "results": results}))
