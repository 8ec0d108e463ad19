"""Makes folders as MLflow saves models, and writes what `mlflow.pyfunc` answers with them.

    python make-mlflow-models.py FOLDER        needs mlflow, lightgbm, xgboost, scikit-learn and pandas

The folders are kept in the repository (packages/serving/test/mlflow-models), without what says how to make an environment.
"""

import json
import pathlib
import shutil
import sys
import warnings

import lightgbm
import mlflow
import numpy
import pandas
import xgboost
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

warnings.simplefilter("ignore")
folder = pathlib.Path(sys.argv[1])
random = numpy.random.default_rng(11)
x = random.normal(size=(300, 3))
frame = pandas.DataFrame({"age": x[:, 0], "visits": random.poisson(2, 300), "spent": x[:, 2].astype("float32")})
y = (frame["age"] - frame["visits"] / 4 + x[:, 1] > 0).astype(int)
classes = numpy.digitize(frame["age"], [-0.5, 0.5])
asked = pandas.concat([frame[y == 1].head(2), frame[y == 0].head(2)])
wanted = {}


def save(name, flavour, model, data, **more):
    path = folder / name
    shutil.rmtree(path, ignore_errors=True)
    answered = more.pop("answered", None)
    answered = model.predict(data) if answered is None else answered
    flavour.save_model(model, str(path), signature=infer_signature(data, answered), pip_requirements=[], **more)
    for extra in ("conda.yaml", "python_env.yaml", "requirements.txt"):
        (path / extra).unlink(missing_ok=True)
    wanted[name] = numpy.asarray(mlflow.pyfunc.load_model(str(path)).predict(data)).tolist()


small = {"num_leaves": 4, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1}
booster = lightgbm.train({**small, "objective": "binary"}, lightgbm.Dataset(frame, y), 3)
save("lightgbm", mlflow.lightgbm, booster, asked)
matrix = x[:4]
save("tensors", mlflow.lightgbm, lightgbm.train({**small, "objective": "regression"}, lightgbm.Dataset(x, x[:, 0]), 3), matrix)
settings = {"n_estimators": 3, "max_depth": 2, "learning_rate": 1, "n_jobs": 1}
save("classifier", mlflow.xgboost, xgboost.XGBClassifier(**settings).fit(frame, classes), asked)
save("yes-no", mlflow.xgboost, xgboost.XGBClassifier(**settings).fit(frame, y), asked, model_format="json")
trained = xgboost.train({"max_depth": 2, "objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(frame, y), 3)
save("booster", mlflow.xgboost, trained, asked, answered=trained.predict(xgboost.DMatrix(asked)))
save("sklearn", mlflow.sklearn, LogisticRegression().fit(frame, y), asked, serialization_format="cloudpickle")
(folder / "wanted.json").write_text(json.dumps({"rows": asked.to_dict(orient="split", index=False), "matrix": matrix.tolist(), "wanted": wanted}, indent=1))
