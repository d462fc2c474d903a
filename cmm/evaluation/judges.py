"""Who measured the action units of a table, and how far to believe it."""

UNITS = {"AU6": "au6_judge_agreement", "AU12": "au12_judge_agreement"}


def judges_of(rows):
    """{data set: a sentence} of rows of scores: its judge, and the judge's agreement with what is known.

    Agreement is the mean over folds of ICC(3,1), of people whom the judge had not seen.
    """
    sentences = {}
    for dataset, mine in rows.groupby("dataset", sort=False):
        found = {unit: mine.loc[mine["metric"] == name, "value"].mean() for unit, name in UNITS.items()}
        known = ", ".join(f"{unit} {value:.2f}" for unit, value in found.items() if value == value)
        trained = f"by regressors that had not seen these people, of whom their ICC with what is known is {known}"
        untold = "by a measure of which nothing here says how far it agrees with what people code"
        sentences[dataset] = f"Action units of {dataset}: {trained if known else untold}."
    return sentences


def judge_of(rows):
    """The sentences of all data sets of rows of scores."""
    return " ".join(judges_of(rows).values())
