"""Makes models of many kinds with LightGBM and XGBoost, and writes what the libraries answer with them.

    python make-tree-models.py FOLDER [--small]

FOLDER gets each model in its library's formats, and cases.json: of each case the file, the rows and the answers, as
base64 of little-endian numbers. --small makes the few that are kept in the repository (packages/serving/test/tree-models).
"""

import base64
import json
import pathlib
import sys

import lightgbm
import numpy
import xgboost

folder = pathlib.Path(sys.argv[1])
small = "--small" in sys.argv
folder.mkdir(parents=True, exist_ok=True)
random = numpy.random.default_rng(7)
ROWS, ASKED, TREES = (400, 12, 4) if small else (1_000, 200, 30)
cases = []


def rows(count, *, missing=True, zeros=True, categories=True):
    """Eight features: numbers, counts with many zeros, and two of categories (the last two)."""
    x = random.normal(size=(count, 8))
    if zeros:
        x[:, 1] = random.poisson(0.7, count)
        x[random.random(count) < 0.5, 2] = 0
    if categories:
        x[:, 6] = random.integers(0, 40, count)
        x[:, 7] = random.integers(0, 4, count)
    if missing:
        x[random.random(x.shape) < 0.15] = numpy.nan
    return x


def score(x):
    filled = numpy.nan_to_num(x)
    odd = numpy.isin(filled[:, 6], [1, 5, 7, 8, 20, 33])
    return filled[:, 0] - 0.7 * filled[:, 1] + numpy.sin(3 * filled[:, 2]) + 1.5 * odd - filled[:, 3] * filled[:, 4] + numpy.isnan(x[:, 5])


def asked_rows(**kind):
    """Others than were learned from, with values that none had: huge, tiny, negative, unseen categories."""
    x = rows(ASKED, **kind)
    x[0, :] = 0
    x[1, :] = -0.0
    x[2, :6] = [1e300, -1e300, 1e-40, 5e-36, 1e-35, -1e-36]
    x[3, :] = numpy.nan if kind.get("missing", True) else 1
    x[4, 6:] = [-3, 1_000]
    x[5, 6:] = [2.7, -0.5]
    x[6, 6:] = [3e9, 17e6]
    return x


def packed(array, kind):
    return base64.b64encode(numpy.ascontiguousarray(array, dtype=kind).tobytes()).decode()


def case(name, file, x, kind, answers):
    shapes = {of: list(numpy.shape(found)) for of, found in answers.items()}
    cases.append({
        "name": name, "file": file, "rows": list(x.shape), "datatype": "FP64" if kind == "<f8" else "FP32", "shapes": shapes,
        "input": packed(x, "<f8"), **{of: packed(found, "<i4" if of == "leaf" else kind) for of, found in answers.items()},
    })


def labels(kind, x):
    s = score(x)
    if kind == "number":
        return s
    if kind == "positive":
        return numpy.exp(numpy.clip(s, -3, 3) / 2)
    if kind == "count":
        return random.poisson(numpy.exp(numpy.clip(s, -3, 3) / 2)).astype(float)
    if kind == "share":
        return 1 / (1 + numpy.exp(-s))
    if kind == "binary":
        return (s + random.normal(size=len(s)) > 0).astype(float)
    if kind == "classes":
        return numpy.digitize(s, [-1, 1]).astype(float)
    return numpy.digitize(s, [-1, 0, 1, 2]).astype(float)


def light(name, label="number", *, kind=None, categorical=True, trees=TREES, **parameters):
    kind = kind or {}
    x = rows(ROWS, **kind)
    settings = {"verbose": -1, "num_leaves": 7 if small else 31, "seed": 1, "min_data_in_leaf": 5, "num_threads": 1, "deterministic": True, "cat_smooth": 1, **parameters}
    group = [ROWS // 10] * 10 if parameters.get("objective") in ("lambdarank", "rank_xendcg") else None
    data = lightgbm.Dataset(x, labels(label, x), group=group, categorical_feature=[6, 7] if categorical else "auto", free_raw_data=False)
    model = lightgbm.train(settings, data, trees)
    file = f"lightgbm-{name}.txt"
    model.save_model(folder / file)
    model = lightgbm.Booster(model_file=folder / file)
    asked = asked_rows(**kind)
    answers = {"prediction": model.predict(asked), "margin": model.predict(asked, raw_score=True), "leaf": model.predict(asked, pred_leaf=True)}
    if not parameters.get("linear_tree"):
        answers["contributions"] = model.predict(asked, pred_contrib=True)
    case(file, file, asked, "<f8", answers)


def boost(name, label="number", *, kind=None, types=None, trees=TREES, formats=("json",), classes=0, **parameters):
    kind = kind or {}
    x = rows(ROWS, **kind)
    types = types or ["q"] * 6 + ["c"] * 2
    y = labels(label, x)
    group = [ROWS // 10] * 10 if str(parameters.get("objective")).startswith("rank") else None
    data = xgboost.DMatrix(x, y, feature_types=types, enable_categorical="c" in types, group=group)
    settings = {"verbosity": 0, "max_depth": 3 if small else 6, "seed": 1, "nthread": 1, "max_cat_to_onehot": 3, **parameters}
    if classes:
        settings["num_class"] = classes
    evals = {"evals": [(data, "train")], "verbose_eval": False}
    if parameters.get("objective") == "survival:aft":
        data.set_float_info("label_lower_bound", y)
        data.set_float_info("label_upper_bound", y + 1)
    model = xgboost.train(settings, data, trees, **evals)
    asked = asked_rows(**kind)
    asked[2, :2] = [1e38, -1e38]
    asked[4:7, 6:] = [[-3, 1000], [2.7, 39.2], [16_000_000, 17e6]]
    ask(name, model, asked, types, formats, parameters)


def ask(name, model, asked, types, formats, parameters):
    for form in formats:
        file = f"xgboost-{name}.{form}"
        model.save_model(folder / file)
        loaded = xgboost.Booster(model_file=folder / file)
        of = xgboost.DMatrix(asked, feature_types=types, enable_categorical="c" in types)
        answers = {"prediction": loaded.predict(of), "margin": loaded.predict(of, output_margin=True), "leaf": loaded.predict(of, pred_leaf=True)}
        answers["contributions"] = loaded.predict(of, pred_contribs=True)
        case(file, file, asked, "<f4", answers)


light("regression", objective="regression")
light("binary", "binary", objective="binary", sigmoid=1.3)
light("classes", "classes", objective="multiclass", num_class=3)
light("zero-missing", "binary", objective="binary", zero_as_missing=True)
boost("logistic", "binary", objective="binary:logistic", formats=("json", "ubj"))
boost("softprob", "classes", objective="multi:softprob", classes=3, formats=("ubj",))
boost("poisson", "count", objective="count:poisson")
boost("dart", "binary", objective="binary:logistic", booster="dart", rate_drop=0.3, formats=("ubj",))
if not small:
    light("numbers", kind={"categories": False}, categorical=False, objective="regression")
    light("no-missing", kind={"missing": False}, objective="regression")
    light("missing-unused", use_missing=False, objective="regression")
    light("sqrt", "positive", objective="regression", reg_sqrt=True)
    for objective in ("regression_l1", "huber", "fair", "quantile"):
        light(objective, objective=objective)
    light("mape", "positive", objective="mape")
    for objective in ("gamma", "tweedie"):
        light(objective, "positive", objective=objective)
    light("poisson", "count", objective="poisson")
    light("cross-entropy", "share", objective="cross_entropy")
    light("cross-entropy-lambda", "share", objective="cross_entropy_lambda")
    light("ova", "classes", objective="multiclassova", num_class=3, sigmoid=0.7)
    light("forest", "binary", objective="binary", boosting="rf", bagging_freq=1, bagging_fraction=0.6)
    light("dart", boosting="dart", objective="regression", drop_rate=0.5)
    light("goss", data_sample_strategy="goss", objective="regression")
    light("linear", kind={"categories": False}, categorical=False, objective="regression", linear_tree=True, linear_lambda=0.1)
    light("rank", "grades", objective="lambdarank")
    light("xendcg", "grades", objective="rank_xendcg")
    light("own-objective", objective=lambda sums, data: (sums - data.get_label(), numpy.ones_like(sums)))
    light("one-leaf", objective="regression", num_leaves=2, min_data_in_leaf=950, trees=3)
    for objective in ("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror"):
        boost(objective.replace(":", "-"), objective=objective)
    boost("quantile", objective="reg:quantileerror", quantile_alpha=[0.2, 0.5, 0.8])
    boost("reg-logistic", "share", objective="reg:logistic")
    boost("squaredlog", "positive", objective="reg:squaredlogerror")
    boost("gamma", "positive", objective="reg:gamma")
    boost("tweedie", "positive", objective="reg:tweedie")
    boost("logitraw", "binary", objective="binary:logitraw")
    boost("hinge", "binary", objective="binary:hinge")
    boost("base-score", "binary", objective="binary:logistic", base_score=0.2)
    boost("softmax", "classes", objective="multi:softmax", classes=3, formats=("json", "ubj"))
    boost("softprob", "classes", objective="multi:softprob", classes=3)
    boost("rank", "grades", objective="rank:ndcg")
    boost("pairwise", "grades", objective="rank:pairwise")
    boost("cox", "positive", objective="survival:cox")
    boost("aft", "positive", objective="survival:aft")
    boost("forest", "binary", objective="binary:logistic", num_parallel_tree=5, subsample=0.6, trees=6, formats=("ubj",))
    boost("numbers", kind={"categories": False}, types=["q"] * 8, objective="reg:squarederror", formats=("json", "ubj"))
    boost("one-hot", objective="reg:squarederror", max_cat_to_onehot=100)
    boost("lossguide", "binary", objective="binary:logistic", grow_policy="lossguide", max_leaves=40, max_depth=0)
    boost("pruned", "binary", kind={"categories": False}, types=["q"] * 8, objective="binary:logistic", tree_method="exact", gamma=3)
    boost("dart-classes", "classes", objective="multi:softprob", classes=3, booster="dart", rate_drop=0.3)

(folder / "cases.json").write_text(json.dumps({"lightgbm": lightgbm.__version__, "xgboost": xgboost.__version__, "cases": cases}, indent=1 if small else None))
print(len(cases), "cases")
