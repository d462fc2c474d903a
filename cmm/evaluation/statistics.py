"""Error bars: the bootstrap over people, and paired tests between methods.

People are the units, not videos or frames: the videos of one person are alike. All random
draws come from a fixed seed and depend on the number of people alone, so that two methods
measured on the same people see the same resamples, and their differences are paired.

The bootstrap takes few people for surer than they are: resamples of n people vary less than
samples do, by n - 1 over n, and normally where they should follow Student's t. Intervals and
p-values are widened by both (the expanded percentile interval of Hesterberg 2015, "What
teachers should know about the bootstrap"). Where people are drawn fold by fold, as for scores of sets, it is
the folds' sizes that count: five folds of four people vary by 3 over 4, and leave 15 degrees of freedom.
Of fewer than six people, or with fewer than four in a fold, no interval is given but the range: the lowest and the
highest.
"""

import numpy as np
import scipy  # scipy.stats is loaded when it is used first: it takes a second

RESAMPLES = 2000
SET_RESAMPLES = 400  # of scores of whole sets, which are measured anew for each: what six people's interval needs
LEVEL = 0.95
FEW = 6  # people; of fewer a range is given,
SMALLEST = 4  # and where a fold has fewer


def draws(people, resamples, fold=0):
    """Numbers of people drawn with replacement: (resamples, people) int, the same for the same arguments."""
    return np.random.default_rng((people, fold)).integers(0, people, (resamples, people))


def replicates(score, subjects, fold=0, resamples=SET_RESAMPLES):
    """A set's score on resampled people: (resamples,) float.

    score: function of an index array into the videos; subjects (n,): whose video each is. NaN of
    one person, who says nothing of others.
    """
    people, number = np.unique(subjects, return_inverse=True)
    if len(people) < 2:
        return np.full(resamples, np.nan)
    videos = [np.flatnonzero(number == i) for i in range(len(people))]
    return np.array(
        [score(np.concatenate([videos[i] for i in drawn])) for drawn in draws(len(people), resamples, fold)]
    )


def widening(groups):
    """(factor, degrees of freedom) by which resamples of people, drawn in groups (g,) of so many, are to be widened.

    Their means vary by sum((n - 1) / n^2), those of samples by sum(1 / n). (1, 0) of one person.
    """
    groups = np.atleast_1d(groups).astype(float)
    freedom = int((groups - 1).sum())
    return (float(np.sqrt((1 / groups).sum() / ((groups - 1) / groups**2).sum())) if freedom else 1.0), freedom


def few(groups):
    """Whether people, drawn in groups of so many, are too few for an interval."""
    return np.sum(groups) < FEW or np.min(groups, initial=FEW) < SMALLEST


def tail(groups, level=LEVEL):
    """Share of the replicates below the interval of `level`, and above it: of many people (1 - level) / 2.

    groups: how many people were drawn, or how many of each fold.
    """
    factor, freedom = widening(groups)
    if not freedom:
        return (1 - level) / 2
    return float(scipy.stats.norm.sf(factor * scipy.stats.t.ppf((1 + level) / 2, freedom)))


def interval(values, groups, level=LEVEL):
    """Expanded percentile interval of replicates (r,) of so many people (of each fold): (low, high).

    NaN where none is a number.
    """
    values = np.asarray(values, float)
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    # Whole numbers of replicates, rounded outward: infinite ones, as of the PSNR of equal pictures, have no mean.
    beyond = max(int(tail(groups, level) * (len(values) + 1)), 1)
    ordered = np.sort(values)
    return float(ordered[beyond - 1]), float(ordered[-beyond])


def span(values):
    """The range of values (n,): (lowest, highest), NaN where none is a number."""
    values = np.asarray(values, float)
    values = values[~np.isnan(values)]
    return (float(values.min()), float(values.max())) if len(values) else (float("nan"), float("nan"))


def bootstrap(values, resamples=RESAMPLES):
    """Replicates (r,) of the mean of one value a person (n,): people are drawn with replacement; NaN of one."""
    values = np.asarray(values, float)
    if len(values) < 2:
        return np.full(resamples, np.nan)
    return values[draws(len(values), resamples)].mean(axis=1)


def paired_test(first, second):
    """Two-sided p-value that two methods are alike on the same people, from one value a person each, (n,).

    The signs of the differences are permuted: in all ways up to 13 people, 9999 random ones
    beyond. It is at least 2 / 2^n: with four people nothing is below 0.125.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    if len(first) < 2 or not np.isfinite(first - second).all():
        return float("nan")
    result = scipy.stats.permutation_test(
        (first, second), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=9999,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    return float(result.pvalue)


def replicate_test(differences, groups):
    """Two-sided p-value from the replicates (r,) of a paired difference of set scores of so many people (of each fold).

    The counterpart of `interval`: the share of replicates on the rarer side of 0, as a quantile
    of Student's t. As that of `paired_test` it is at least 2 / 2^n; where folds are small, the number of replicates
    keeps it above that.
    """
    differences = np.asarray(differences, float)
    differences = differences[np.isfinite(differences)]
    factor, freedom = widening(groups)
    if not len(differences) or not freedom:
        return float("nan")
    rarer = min((differences <= 0).sum(), (differences >= 0).sum())
    width = scipy.stats.norm.isf((rarer + 1) / (len(differences) + 1)) / factor
    return float(min(1.0, max(2 * scipy.stats.t.sf(width, freedom), 2.0 ** (1 - np.sum(groups)))))


def fleiss_kappa(counts):
    """Agreement of raters beyond chance (Fleiss 1971) from counts (subjects, categories).

    Subjects may have different numbers of raters (each pair of raters of a subject counts); those
    with one rater are left out. 1 for full agreement, 0 for chance, NaN where nothing can be said.
    """
    counts = np.asarray(counts, float)
    counts = counts[counts.sum(axis=1) > 1]
    if not len(counts):
        return float("nan")
    raters = counts.sum(axis=1)
    agreement = ((counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))).mean()
    chance = ((counts.sum(axis=0) / counts.sum()) ** 2).sum()
    return float((agreement - chance) / (1 - chance)) if chance < 1 else float("nan")
