"""Where the files in resources/data come from: `python -m tests.ready_sets` writes them again, byte for byte.

Iris, wine and digits are those of scikit-learn, in another order; passengers and wages are made up here.
"""

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "resources" / "data"
SEEN_DIGITS = 1000
"""So many of scikit-learn's images are in the example `digits`; the others are in digits.csv."""


def shuffled(names, rows):
    """Return the text of a file: a line of names, and the rows in the order of seed 0."""
    order = np.random.default_rng(0).permutation(len(rows))
    lines = [",".join(names), *(",".join(rows[i]) for i in order)]
    return "\n".join(lines) + "\n"


def labelled(data, classes):
    """Return rows as texts, each with its class at the end."""
    return [[*(f"{value:g}" for value in row), name] for row, name in zip(data, classes, strict=True)]


def iris():
    from sklearn.datasets import load_iris

    own = load_iris()
    names = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
    return shuffled(names, labelled(own.data, own.target_names[own.target]))


def wine():
    from sklearn.datasets import load_wine

    own = load_wine()
    names = [name.replace("/", "_") for name in own.feature_names]
    names[names.index("od280_od315_of_diluted_wines")] = "od280_od315"
    return shuffled([*names, "cultivar"], labelled(own.data, [f"cultivar_{k + 1}" for k in own.target]))


def digits():
    from sklearn.datasets import load_digits

    own = load_digits()
    names = [f"pixel_{y}_{x}" for y in range(8) for x in range(8)]
    data, classes = own.data[SEEN_DIGITS:] / 16, own.target[SEEN_DIGITS:]
    return shuffled([*names, "digit"], labelled(data, [f"digit_{k}" for k in classes]))


def passengers():
    """Make up 600 passengers of a ship that sinks: no person and no ship is meant."""
    rng, rows = np.random.default_rng(1), 600
    place = rng.choice(3, rows, p=[0.22, 0.23, 0.55])
    woman = rng.random(rows) < 0.36
    age = np.clip(rng.normal(38 - 5 * place, 14, rows), 1, 78).round()
    relatives = rng.poisson(0.7, rows)
    fare = np.round(np.array([62, 21, 11])[place] * np.exp(rng.normal(0, 0.45, rows)), 2)
    harbour = np.where(rng.random(rows) < 0.6, "south", np.where(rng.random(rows) < 0.6, "west", "north"))
    z = 0.2 + 2.7 * woman - 1.15 * place - 0.03 * (age - 30) + 1.2 * (age < 12) - 0.25 * relatives
    survived = rng.random(rows) < 1 / (1 + np.exp(-z))
    unknown = rng.random(rows) < 0.15
    columns = {
        "class": np.array(["first", "second", "third"])[place],
        "sex": np.where(woman, "female", "male"),
        "age": ["" if lacks else f"{own:g}" for own, lacks in zip(age, unknown, strict=True)],
        "relatives": relatives.astype(str),
        "fare": [f"{own:g}" for own in fare],
        "harbour": harbour,
        "survived": np.where(survived, "yes", "no"),
    }
    return shuffled(columns, list(zip(*columns.values(), strict=True)))


def wages():
    """Make up the wages of 600 people, an hour: no survey is meant."""
    rng, rows = np.random.default_rng(2), 600
    education = np.clip(rng.normal(13, 2.6, rows), 8, 20).round()
    age = np.clip(rng.normal(38, 11, rows), 18, 64).round()
    experience = np.clip(age - education - 6 - rng.integers(0, 5, rows), 0, None)
    firm = np.round(np.exp(rng.normal(5.2, 1.6, rows))).clip(3, 9000)
    way = np.round(rng.exponential(14, rows) + 1)
    yes = [rng.random(rows) < share for share in (0.25, 0.6, 0.18, 0.22)]
    union, city, night, leads = yes
    wage = (
        3
        + 0.8 * education
        + 0.42 * experience
        - 0.0075 * experience**2
        + 0.75 * np.log(firm)
        + 1.6 * union
        + 1.1 * city
        + 1.5 * night
        + leads * (1 + 0.25 * education)
        + rng.normal(0, 0.8, rows)
    ).round(2)
    names = ["education_years", "experience_years", "age", "firm_size", "way_km"]
    names += ["union", "city", "night_work", "leads", "wage"]
    columns = [education, experience, age, firm, way, *yes, wage]
    return shuffled(names, [[f"{float(column[i]):g}" for column in columns] for i in range(rows)])


MADE_UP = {"passengers": passengers, "wages": wages}
TAKEN = {"iris": iris, "wine": wine, "digits": digits}

if __name__ == "__main__":
    for name, make in {**TAKEN, **MADE_UP}.items():
        (FOLDER / f"{name}.csv").write_text(make(), encoding="utf-8", newline="\n")
