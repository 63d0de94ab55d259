"""Numbers of scikit-learn and SciPy for tests/models/metrics/registry_test.ts.

    pip install scikit-learn scipy torch
    python tests/parity/metrics.py > tests/parity/metrics.json && deno fmt tests/parity
"""

import json
import warnings

import numpy as np
import scipy
import sklearn
import torch
from scipy.stats import pearsonr, rankdata, spearmanr
from sklearn.metrics import accuracy_score, f1_score, log_loss, matthews_corrcoef, mean_squared_error
from sklearn.metrics import top_k_accuracy_score

warnings.filterwarnings("ignore")
random = np.random.default_rng(1)


def classifier(rows, classes, labels=None, logits=None):
    if labels is None:
        labels = random.integers(0, classes, rows)
    if logits is None:
        logits = random.normal(size=(rows, classes)) * 2
        logits[np.arange(rows), labels] += 1
    logits = np.round(logits, 3).astype(np.float32)
    predicted = logits.argmax(1)
    wide = torch.tensor(logits, dtype=torch.float64)
    values = {
        "accuracy": accuracy_score(labels, predicted),
        "top-1": float((wide.topk(1).indices == torch.tensor(labels)[:, None]).any(1).double().mean()),
        "top-5": top_k_accuracy_score(labels, logits, k=5, labels=np.arange(classes)) if classes > 5 else 1.0,
        "f1-macro": f1_score(labels, predicted, average="macro"),
        "matthews": matthews_corrcoef(labels, predicted),
        "loss": float(torch.nn.functional.cross_entropy(wide, torch.tensor(labels))),
    }
    if classes == 2:
        values["f1"] = f1_score(labels, predicted)
    if len(set(labels)) == classes:
        probabilities = torch.softmax(wide, 1).numpy()
        assert abs(log_loss(labels, probabilities) - values["loss"]) < 1e-9
    return {
        "width": classes,
        "labels": [int(label) for label in labels],
        "outputs": [float(f"{x:.3f}") for x in logits.flatten()],
        "values": {name: float(value) for name, value in values.items()},
    }


def regression(labels, outputs):
    labels = np.round(labels, 2)
    outputs = np.round(outputs, 2).astype(np.float32).astype(np.float64)
    constant = len(set(labels)) == 1 or len(set(outputs)) == 1
    return {
        "width": 1,
        "labels": [float(x) for x in labels],
        "outputs": [float(f"{x:.2f}") for x in outputs],
        "ranks": [float(x) for x in rankdata(outputs)],
        "values": {
            # SciPy gives NaN for constants; 0 is this project's (and WEKA's) convention.
            "pearson": 0.0 if constant else float(pearsonr(outputs, labels).statistic),
            "spearman": 0.0 if constant else float(spearmanr(outputs, labels).statistic),
            "mse": float(mean_squared_error(labels, outputs)),
        },
    }


zeros, ones = np.zeros(12, int), np.ones(12, int)
mixed = np.array([0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1])
first, second = np.tile([1.0, 0.0], (12, 1)), np.tile([0.0, 1.0], (12, 1))
scores = random.uniform(0, 5, 60)
cases = {
    "binary": classifier(60, 2),
    "three classes": classifier(60, 3),
    "twelve classes": classifier(80, 12),
    "a class that never occurs": classifier(30, 4, labels=random.integers(0, 3, 30)),
    "always class 0": classifier(12, 2, mixed, first),
    "always class 1": classifier(12, 2, mixed, second),
    "all labels 0, always class 0": classifier(12, 2, zeros, first),
    "all labels 1, always class 1": classifier(12, 2, ones, second),
    "all labels 0, always class 1": classifier(12, 2, zeros, second),
    "equal outputs": classifier(12, 2, mixed, np.zeros((12, 2))),
    "scores": regression(scores, scores + random.normal(size=60)),
    "scores with ties": regression(np.round(scores), np.round(scores + random.normal(size=60) * 2)),
    "scores against": regression(scores, -scores * 3 + 1 + random.normal(size=60)),
    "far from zero": regression(scores, 20000 + scores * 10),
    "constant outputs": regression(scores[:9], np.full(9, 0.1)),
    "constant labels": regression(np.full(9, 2.5), scores[:9]),
}
print(json.dumps({"sklearn": sklearn.__version__, "scipy": scipy.__version__, "cases": cases}))
