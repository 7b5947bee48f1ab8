"""Isoform switches: genes whose transcripts have other shares of its reads from condition to condition."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

COLUMNS: Final = ["gene", "transcripts", "p", "p_adjusted", "transcript", "change", "condition_up", "condition_down"]
FEWEST_READS: Final = 10  # of a gene in each condition
SMALLEST_SHARE: Final = 0.05  # of its reads in any condition; rarer transcripts of a gene count as one
PRIOR: Final = 4.0  # degrees of freedom that the dispersion of all genes together counts for


def find_switches(
    genes: Sequence[str], transcripts: Sequence[str], counts: np.ndarray, conditions: Sequence[str]
) -> pd.DataFrame:
    """Test each gene for other shares of its transcripts between conditions; the likeliest switches first.

    genes, transcripts: (n,) names; counts: (n, S) estimated reads; conditions: (S,). A quasi-likelihood F test of the
    multinomial model in which each condition has shares of its own against that in which all have the same (Lund et al.
    2012, 10.1515/1544-6115.1826, for counts): estimates of isoforms vary more than reads do, so the deviance within
    conditions, drawn towards that of all genes and no smaller, is what the deviance between them is measured by.
    Columns: gene, transcripts (tested), p, p_adjusted (Benjamini and Hochberg), and of the transcript whose share
    changes most: its name, the change of its share, and the conditions in which it is largest and smallest. Samples
    without a condition do not count. Empty without two conditions of which one has two samples.
    """
    told = np.asarray(conditions, str) != ""
    groups, of_sample = np.unique(np.asarray(conditions, str)[told], return_inverse=True)
    counts = counts[:, told]
    if len(groups) < 2 or len(of_sample) <= len(groups):
        return pd.DataFrame(columns=COLUMNS)
    table = pd.DataFrame({"gene": np.asarray(genes), "row": np.arange(len(genes))})
    names, found, tested = np.asarray(transcripts, str), [], []
    for gene, rows in table.groupby("gene", sort=False)["row"]:
        if len(rows) > 1:
            tested.append(_compare(str(gene), names[rows], counts[rows.to_numpy()], of_sample, groups))
    found = [result for result in tested if result is not None]
    if not found:
        return pd.DataFrame(columns=COLUMNS)
    result = pd.DataFrame(found)
    result["p"] = p_values(result)
    result["p_adjusted"] = stats.false_discovery_control(result["p"])
    result = result.sort_values(["p", "gene"], kind="stable")[COLUMNS]
    return result.assign(**{name: result[name].map("{:.3g}".format) for name in ("p", "p_adjusted", "change")})


def p_values(found: pd.DataFrame) -> np.ndarray:
    """P values of the F test; found: deviances and degrees of freedom within and between conditions; (genes,)."""
    within, between = found["df_within"].to_numpy(), found["df_between"].to_numpy()
    usual = float(np.median(found["deviance_within"] / within))
    drawn = (PRIOR * usual + found["deviance_within"]) / (PRIOR + within)
    dispersion = np.maximum(drawn, max(usual, 1.0))
    return stats.f.sf(found["deviance_between"] / between / dispersion, between, PRIOR + within)


def _compare(
    gene: str, names: np.ndarray, counts: np.ndarray, of_sample: np.ndarray, groups: np.ndarray
) -> Mapping[str, object] | None:
    """Deviances of one gene; None where it has too few reads or less than two transcripts that are not rare."""
    sums = np.column_stack([counts[:, of_sample == group].sum(axis=1) for group in range(len(groups))])
    if sums.sum(axis=0).min() < FEWEST_READS:
        return None
    shares = sums / sums.sum(axis=0)
    common = shares.max(axis=1) >= SMALLEST_SHARE
    if common.sum() < 2:
        return None
    parts = counts[common] if common.all() else np.vstack([counts[common], counts[~common].sum(axis=0)])
    parts = parts[parts.sum(axis=1) > 0]
    sampled = parts[:, parts.sum(axis=0) > 0]
    group_of = of_sample[parts.sum(axis=0) > 0]
    within = sum(deviance(sampled[:, group_of == group]) for group in range(len(groups)))
    free = (sampled.shape[1] - len(groups)) * (len(sampled) - 1)
    if free < 1:
        return None
    spread = shares.max(axis=1) - shares.min(axis=1)
    most = int(np.argmax(spread))
    return {
        **{"gene": gene, "transcripts": len(sampled), "transcript": names[most], "change": spread[most]},
        **{"condition_up": groups[shares[most].argmax()], "condition_down": groups[shares[most].argmin()]},
        **{"deviance_within": within, "df_within": free},
        **{"deviance_between": deviance(sampled) - within, "df_between": (len(groups) - 1) * (len(sampled) - 1)},
    }


def deviance(counts: np.ndarray) -> float:
    """Deviance of samples from the shares that they have together (G statistic); counts: (transcripts, samples)."""
    total = counts.sum()
    if total <= 0:
        return 0.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / total
    seen = counts > 0
    return float(2 * (counts[seen] * np.log(counts[seen] / expected[seen])).sum())
