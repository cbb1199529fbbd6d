"""How well tables are learned on defaults, beside scikit-learn, LightGBM and CatBoost.

    python benchmarks/tables.py --data FOLDER                 # everything, three seeds
    python benchmarks/tables.py --tables wine,diabetes --seeds 0 --contestants ours,linear
    python benchmarks/tables.py --out figures.json --also figures.json     # go on, and join

Every contestant gets the same rows: the test file where there is one, else five folds from one
function, identical rows always on the same side. chainrule gets columns as they stand in the file;
the others have a pipeline of scikit-learn's around them (median and most frequent value for what is
missing, standard scaling, one-hot, TF-IDF for texts, scaled targets for networks); LightGBM and
CatBoost get categories as such. Whatever library is not installed is left out with a word. One fit
after the other, in this process; seconds are by the wall clock, CPU seconds of all threads.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

Columns = dict[str, list]
CONTESTANTS = ("ours", "linear", "mlp", "lightgbm", "catboost")


@dataclass
class Table:
    """A data set: columns with the target last, and what is asked of them."""

    name: str
    columns: Columns
    task: str
    want: float
    test: Columns | None = None
    want_auc: float | None = None

    @property
    def target(self) -> str:
        """The last column's name."""
        return list(self.columns)[-1]


@dataclass
class Score:
    """One fit and its figures on rows that it did not see."""

    table: str
    who: str
    seed: int
    fold: int
    rows: int
    score: float
    auc: float | None
    log_loss: float | None
    seconds: float
    cpu: float
    said: str = ""


# --- data ----------------------------------------------------------------------------------------


def read(path: Path, names: list[str] | None = None) -> Columns:
    """The columns of a file without a header; a number where all cells are, "" for `?`."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [[cell.strip().rstrip(".") if i == len(r) - 1 else cell.strip()
                 for i, cell in enumerate(r)] for r in csv.reader(file) if r]  # fmt: skip
    columns: Columns = {}
    for i, cells in enumerate(zip(*rows, strict=True)):
        cells = ["" if c == "?" else c for c in cells]
        try:
            found: list = [float(c) if c else float("nan") for c in cells]
        except ValueError:
            found = cells
        columns[names[i] if names else f"x{i + 1}"] = found
    return columns


def of_arrays(x: np.ndarray, y: np.ndarray) -> Columns:
    """A table from arrays."""
    return {f"x{i + 1}": list(c) for i, c in enumerate(x.T.tolist())} | {"y": y.tolist()}


def adult(folder: Path) -> Table:
    """Census income, with its own test file."""
    files = [read(folder / "tabular" / f"adult-{part}.csv") for part in ("train", "test")]
    return Table("adult", files[0], "classification", 0.863, files[1], want_auc=0.918)


def banknote(folder: Path) -> Table:
    """Forged bank notes."""
    columns = read(folder / "tabular" / "banknote_authentication.csv")
    return Table("banknote", columns, "classification", 0.998)


def red_wine(folder: Path) -> Table:
    """The quality of red wine, as a number."""
    return Table("red-wine", read(folder / "tabular" / "winequality-red.csv"), "regression", 0.34)


def polarity(folder: Path) -> Table:
    """Sentences of film reviews."""
    texts, y = [], []
    for label in ("neg", "pos"):
        lines = (folder / "text" / f"rt-polarity.{label}").read_text(encoding="utf-8").splitlines()
        texts += [line.strip() for line in lines]
        y += [label] * len(lines)
    return Table("rt-polarity", {"text": texts, "label": y}, "classification", 0.76)


def of_sklearn(name: str, loader: str, task: str, want: float) -> Callable[[Path], Table]:
    """A data set that scikit-learn brings."""

    def made(folder: Path) -> Table:
        from sklearn import datasets

        data: Any = getattr(datasets, loader)()
        y = data.target if task == "regression" else np.array([f"c{k}" for k in data.target])
        return Table(name, of_arrays(data.data, y), task, want)

    return made


def friedman1(folder: Path) -> Table:
    """Friedman's first function: 2,000 rows, ten columns of which five matter, noise of 1."""
    from sklearn.datasets import make_friedman1

    x, y = make_friedman1(2000, 10, noise=1.0, random_state=0)
    return Table("friedman1", of_arrays(x, y), "regression", 0.945)


TABLES: dict[str, Callable[[Path], Table]] = {
    "wine": of_sklearn("wine", "load_wine", "classification", 0.965),
    "diabetes": of_sklearn("diabetes", "load_diabetes", "regression", 0.43),
    "breast-cancer": of_sklearn("breast-cancer", "load_breast_cancer", "classification", 0.97),
    "banknote": banknote,
    "red-wine": red_wine,
    "friedman1": friedman1,
    "rt-polarity": polarity,
    "adult": adult,
}


# --- rows ----------------------------------------------------------------------------------------


def understood(columns: Columns, table: Table) -> tuple:
    """(frame, roles, groups of equal rows), as the command line finds them."""
    from chainrule.tables import Frame, find_roles
    from chainrule.tables.split import same_rows

    frame = Frame.of(columns)
    roles = find_roles(frame, target=table.target, task=table.task)
    return frame, roles, same_rows(frame, roles)


def splits(table: Table, k: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Folds for everybody; equal rows are never on both sides, classes have the same shares."""
    from chainrule.tables import targets
    from chainrule.tables.split import folds

    frame, roles, groups = understood(table.columns, table)
    return folds(targets(frame, roles), groups, k, seed, table.task)


def taken(columns: Columns, rows: np.ndarray) -> Columns:
    """These rows of each column."""
    return {name: [cells[i] for i in rows] for name, cells in columns.items()}


# --- contestants: (train, test, task, seed) -> outputs (n, classes) or (n,), and a word ----------


def ours(train: Columns, test: Columns, table: Table, seed: int, engine: str | None) -> tuple:
    """chainrule: roles, encoder and recipe, all by default."""
    from chainrule import layers, tabular
    from chainrule.tables import Frame, targets

    frame, roles, groups = understood(train, table)
    encoder = layers.TableEncoder.of(roles)
    encoder.adapt(frame)
    y = targets(frame, roles)
    classes = len(roles.class_names or ())
    problem = tabular.Problem(encoder.prepare(frame), y, table.task, classes, groups)
    fitted = tabular.fit(problem, seed=seed, engine=engine)
    out = fitted.model.predict(encoder.prepare(Frame.of(test)))
    said = f"{fitted.name}, step {fitted.best_step}" if fitted.best_step else fitted.name
    return (out if classes else out[:, 0]), roles.class_names, said


def pipeline(columns: Columns, target: str, head: Any) -> Any:
    """scikit-learn's preparation in front of an estimator."""
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers, names, texts = [], [], []
    for name, cells in columns.items():
        if name == target:
            continue
        if isinstance(cells[0], str):
            (texts if len(set(cells)) > len(cells) / 2 else names).append(name)
        else:
            numbers.append(name)
    one_hot = OneHotEncoder(handle_unknown="ignore")
    parts: list[Any] = [
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        ("names", one_hot, names),
    ]
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, max_features=20_000)
    parts += [(f"text {name}", words, name) for name in texts]
    return make_pipeline(ColumnTransformer(parts), head)


def sklearn_fit(kind: str) -> Callable:
    """The linear model or the network of scikit-learn, in its pipeline."""

    def run(train: Columns, test: Columns, table: Table, seed: int, engine: str | None) -> tuple:
        import pandas as pd
        from sklearn.compose import TransformedTargetRegressor
        from sklearn.linear_model import LogisticRegressionCV, RidgeCV
        from sklearn.neural_network import MLPClassifier, MLPRegressor
        from sklearn.preprocessing import StandardScaler

        frame, other = pd.DataFrame(train), pd.DataFrame(test)
        regression = table.task == "regression"
        if kind == "linear":
            head = RidgeCV(np.logspace(-3, 4, 15)) if regression else LogisticRegressionCV(
                Cs=np.logspace(-2, 2, 5), cv=3, max_iter=2000, scoring="neg_log_loss"
            )  # fmt: skip
        elif regression:
            head = TransformedTargetRegressor(
                MLPRegressor(random_state=seed), transformer=StandardScaler()
            )
        else:
            head = MLPClassifier(random_state=seed)
        model = pipeline(train, table.target, head)
        model.fit(frame.drop(columns=table.target), frame[table.target])
        rows = other.drop(columns=table.target)
        return (model.predict(rows), None, "") if regression else (
            model.predict_proba(rows), list(model.classes_), ""
        )  # fmt: skip

    return run


def trees(kind: str) -> Callable:
    """LightGBM or CatBoost; categories as such."""

    def run(train: Columns, test: Columns, table: Table, seed: int, engine: str | None) -> tuple:
        import pandas as pd

        frame, other = pd.DataFrame(train), pd.DataFrame(test)
        x, z = frame.drop(columns=table.target), other.drop(columns=table.target)
        names = [c for c in x if isinstance(train[c][0], str)]
        if any(len(set(train[c])) > len(x) / 2 for c in names):
            raise ImportError("texts are left out")
        for c in names:
            levels = pd.CategoricalDtype(sorted(set(train[c])))
            x[c], z[c] = x[c].astype(levels), z[c].astype(levels)
        regression = table.task == "regression"
        if kind == "lightgbm":
            import lightgbm

            make = lightgbm.LGBMRegressor if regression else lightgbm.LGBMClassifier
            model: Any = make(random_state=seed, verbose=-1, n_jobs=2)
            model.fit(x, frame[table.target])
        else:
            import catboost

            make = catboost.CatBoostRegressor if regression else catboost.CatBoostClassifier
            for c in names:
                x[c], z[c] = x[c].astype(str), z[c].astype(str)
            model = make(random_seed=seed, verbose=0, cat_features=names, thread_count=2,
                         allow_writing_files=False)  # fmt: skip
            model.fit(x, frame[table.target])
        if regression:
            return model.predict(z), None, ""
        return model.predict_proba(z), list(model.classes_), ""

    return run


RUN = {
    "ours": ours,
    "linear": sklearn_fit("linear"),
    "mlp": sklearn_fit("mlp"),
    "lightgbm": trees("lightgbm"),
    "catboost": trees("catboost"),
}
NEEDS = {
    "linear": "sklearn",
    "mlp": "sklearn",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
}


# --- figures -------------------------------------------------------------------------------------


def auc(p: np.ndarray, positive: np.ndarray) -> float:
    """The chance that a positive row is ranked above another (Mann and Whitney)."""
    _, place, counts = np.unique(p, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    n = positive.sum()
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(p) - n)))


def named(value: Any) -> str:
    """A class as text: 1, 1.0 and "1" are one class."""
    return f"{value:g}" if isinstance(value, (int, float, np.number)) else str(value)


def measure(table: Table, out: np.ndarray, classes: Any, truth: list) -> tuple:
    """(accuracy or R², AUC, log loss) of predictions."""
    if table.task == "regression":
        y = np.array(truth, float)
        return 1 - float(((out - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()), None, None
    names = [named(c) for c in classes]
    y = np.array([names.index(named(v)) for v in truth])
    p = np.asarray(out, float)
    loss = float(-np.log(np.clip(p[np.arange(len(y)), y], 1e-12, 1)).mean())
    area = auc(p[:, 1], y == 1) if len(names) == 2 else None
    return float((p.argmax(1) == y).mean()), area, loss


def one(table: Table, who: str, seed: int, fold: int, train: Columns, test: Columns,
        engine: str | None) -> Score:  # fmt: skip
    """One fit."""
    began, cpu = time.perf_counter(), time.process_time()
    out, classes, said = RUN[who](train, test, table, seed, engine)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    figures = measure(table, out, classes, test[table.target])
    rows = len(train[table.target])
    return Score(table.name, who, seed, fold, rows, *figures, seconds, cpu, said)


def report(scores: list[Score], wanted: dict[str, Table]) -> str:
    """The table in Markdown, and where the others are ahead."""
    whos = [w for w in CONTESTANTS if any(s.who == w for s in scores)]
    lines = ["| table | asked | " + " | ".join(whos) + " | ours: seconds in all, CPU a fit |"]
    lines.append("|---" * (len(whos) + 3) + "|")
    words = []
    for name, table in wanted.items():
        mine = [s for s in scores if s.table == name]
        if not mine:
            continue
        row, found = [], {}
        for who in whos:
            own = [s for s in mine if s.who == who]
            if not own:
                row.append("–")
                continue
            per_fold = [
                np.mean([s.score for s in own if s.fold == f]) for f in {s.fold for s in own}
            ]
            mean, k = float(np.mean(per_fold)), len(per_fold)
            error = float(np.std(per_fold, ddof=1) / np.sqrt(k)) if k > 1 else 0.0
            if k == 1 and table.task == "classification":
                rows = len((table.test or table.columns)[table.target])
                error = float(np.sqrt(mean * (1 - mean) / rows))
            area = [s.auc for s in own if s.auc is not None]
            found[who] = (mean, error)
            row.append(f"{mean:.4f}±{error:.4f}" + (f" ({np.mean(area):.4f})" if area else ""))
        own = [s for s in mine if s.who == "ours"]
        total = sum(s.seconds for s in own) / max(1, len({s.seed for s in own}))
        cpu = f"{total:.0f}, {np.mean([s.cpu for s in own]):.0f}" if own else "–"
        asked = f"{table.want}" + (f" ({table.want_auc})" if table.want_auc else "")
        lines.append(f"| {name} | {asked} | " + " | ".join(row) + f" | {cpu} |")
        ahead = [w for w in whos if w != "ours" and "ours" in found and w in found
                 and found[w][0] - found[w][1] > found["ours"][0]]  # fmt: skip
        if ahead:
            words.append(
                f"{name}: ahead of us by more than their standard error: {', '.join(ahead)}"
            )
    lines += [
        "",
        "Mean ± standard error over folds of the means over seeds: accuracy (AUC), or R².",
    ]
    return "\n".join([*lines, *words])


def main() -> None:
    """Run what was asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--contestants", default=",".join(CONTESTANTS))
    parser.add_argument("--seeds", default="0,1,2", help="of models; folds are always the same")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--first", type=int, default=None, help="only so many of the folds")
    parser.add_argument("--engine", default=None)
    parser.add_argument("--out", type=Path, default=None, help="write all figures as JSON")
    parser.add_argument("--also", type=Path, default=None, help="join figures written before")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    whos = []
    for who in args.contestants.split(","):
        if who in NEEDS and importlib.util.find_spec(NEEDS[who]) is None:
            print(f"{who} is left out: {NEEDS[who]} is not installed")
        else:
            whos.append(who)
    scores: list[Score] = []
    if args.also is not None and args.also.exists():
        scores = [Score(**s) for s in json.loads(args.also.read_text(encoding="utf-8"))]
    wanted = {name: TABLES[name](args.data) for name in args.tables.split(",")}
    for table in wanted.values():
        parts = splits(table, args.folds, seed=0)[: args.first]
        if table.test is not None:
            parts = [(np.arange(len(table.columns[table.target])), np.arange(0))]
        for fold, (rows, out) in enumerate(parts):
            train = taken(table.columns, rows)
            test = taken(table.columns, out) if table.test is None else table.test
            for who in whos:
                for seed in map(int, args.seeds.split(",")):
                    if seed and who == "linear":  # the same for every seed
                        continue
                    if any((s.table, s.who, s.seed, s.fold) == (table.name, who, seed, fold)
                           for s in scores):  # fmt: skip
                        continue
                    try:
                        score = one(table, who, seed, fold, train, test, args.engine)
                    except ImportError as error:
                        print(f"{table.name}: {who} is left out: {error}")
                        break
                    scores.append(score)
                    print(f"{table.name} {who} seed {seed} fold {fold}: {score.score:.4f} "
                          f"{score.seconds:.1f} s, CPU {score.cpu:.1f} s {score.said}",
                          flush=True)  # fmt: skip
                    if args.out is not None:
                        text = json.dumps([asdict(s) for s in scores], indent=1)
                        args.out.write_text(text, encoding="utf-8")
    print()
    joined = {name: wanted.get(name) or TABLES[name](args.data) for name in TABLES
              if any(s.table == name for s in scores)}  # fmt: skip
    print(report(scores, joined))


if __name__ == "__main__":
    main()
