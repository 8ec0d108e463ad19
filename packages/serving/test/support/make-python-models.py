"""Makes models of scikit-learn and MLflow, and writes what they answer themselves.

    python make-python-models.py FOLDER            needs scikit-learn
    python make-python-models.py FOLDER mlflow     needs mlflow and pandas too
"""

import json
import pathlib
import pickle
import sys
import warnings

import joblib
import numpy
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

warnings.simplefilter("ignore")
folder = pathlib.Path(sys.argv[1])
random = numpy.random.default_rng(3)
x = random.normal(size=(200, 4))
y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(int)
asked = random.normal(size=(7, 4))
wanted = {"asked": asked.tolist()}


def place(name, file):
    path = folder / name / "1"
    path.mkdir(parents=True, exist_ok=True)
    return path / file


def answers(model, data, *methods):
    return {method: getattr(model, method)(data).tolist() for method in methods}


logistic = LogisticRegression().fit(x, y)
with open(place("logistic", "model.pkl"), "wb") as file:
    pickle.dump(logistic, file)
wanted["logistic"] = answers(logistic, asked, "predict", "predict_proba", "decision_function")

forest = RandomForestClassifier(20, random_state=1).fit(x, numpy.where(y == 1, "late", "on time"))
joblib.dump(forest, place("forest", "model.joblib"))
wanted["forest"] = answers(forest, asked, "predict", "predict_proba")

regression = RandomForestRegressor(20, random_state=1).fit(x, x[:, :2] * 3)
joblib.dump(regression, place("regression", "model.joblib"))
wanted["regression"] = answers(regression, asked, "predict")

# Text and numbers side by side, as an array of objects: no pandas is needed for it.
places = numpy.array(["Ōsaka", "Zürich", "Lima"], dtype=object)[random.integers(0, 3, 200)]
rows = numpy.column_stack([places, x[:, 0]]).astype(object)
encoder = ColumnTransformer([("place", OneHotEncoder(), [0]), ("size", StandardScaler(), [1])])
pipeline = make_pipeline(encoder, LogisticRegression()).fit(rows, y)
joblib.dump(pipeline, place("pipeline", "model.joblib"))
(folder / "pipeline" / "config.pbtxt").write_text(
    """input [{ name: "place" data_type: TYPE_STRING dims: [-1] }, { name: "size" data_type: TYPE_FP64 dims: [-1] }]
output [{ name: "predict_proba" data_type: TYPE_FP64 dims: [-1, 2] }]"""
)
wanted["pipeline"] = {"rows": rows[:5].tolist(), **answers(pipeline, rows[:5], "predict_proba")}

if sys.argv[2:] == ["mlflow"]:
    import mlflow
    import pandas
    from mlflow.models import infer_signature

    frame = pandas.DataFrame({"place": places, "size": x[:, 0], "visits": random.poisson(2, 200)})
    named = ColumnTransformer([("place", OneHotEncoder(), ["place"])], remainder="passthrough")
    classifier = make_pipeline(named, RandomForestClassifier(10, random_state=1)).fit(frame, y)
    few = frame.head(6)

    def save(name, save_model, answered, data, **more):
        path = folder / name / "1"
        signature = infer_signature(data, answered)
        save_model(path=str(path), signature=signature, pip_requirements=[], **more)
        wanted[name] = numpy.asarray(mlflow.pyfunc.load_model(str(path)).predict(data)).tolist()

    class Doubled(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return pandas.DataFrame({"twice": model_input["size"] * 2, "where": model_input["place"].str.upper()})

    class Summed(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input.sum(axis=1)

    kept = {"serialization_format": "cloudpickle"}
    save("mlflow-sklearn", lambda **told: mlflow.sklearn.save_model(classifier, **kept, **told), classifier.predict(few), few)
    doubled = Doubled().predict(None, few)
    save("mlflow-columns", mlflow.pyfunc.save_model, doubled, few, python_model=Doubled())
    save("mlflow-tensor", mlflow.pyfunc.save_model, asked.sum(axis=1), asked, python_model=Summed())
    wanted["frame"] = few.to_dict(orient="list")

(folder / "wanted.json").write_text(json.dumps(wanted))
