"""New sequences: points of the latent space, and what a trained model makes of them.

What comes out has the form of what the model was trained on: aligned sequences, rows of a table, or k-mer profiles.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from latentseq.decoding import decode_letters, decode_values, row_totals, to_table
from latentseq.embedding import require_same_columns
from latentseq.features import Features
from latentseq.files import whole_file
from latentseq.latent import Latent
from latentseq.mixtures import fit_mixture
from latentseq.onehot import decode_letters as text_of
from latentseq.selection import find_rows
from latentseq.tables import require_same_names, write_table
from latentseq.vae import VAE

logger = logging.getLogger(__name__)

SETTING = "generate.sequences"


@dataclass(frozen=True)
class Points:
    """Points of the latent space, and where they are from.

    z: (n, n_latent); origins: (n,) text, as `source=mixture component=3`; parents: (n, 2) int, rows of the sequences
    whose sizes (totals of counts) a point takes, and share: (n,), how much of the second.
    """

    z: np.ndarray
    origins: list[str]
    parents: np.ndarray
    share: np.ndarray


@dataclass(frozen=True)
class Generated:
    """New sequences; headers: (n,) text, each a unique name and where it is from.

    columns: names; values: (n, columns), uint8 letter codes of all columns of an alignment, or numbers in the unit of
    the table, or k-mer frequencies (and abundances, `abundance_<sample>`).
    """

    headers: list[str]
    columns: np.ndarray
    values: np.ndarray


def generate(
    features: Features,
    model: VAE,
    latent: Latent,
    held_out: np.ndarray,
    *,
    number: int,
    source: str,
    sequences: Sequence[str],
    letters: str,
    seed: int,
    divide_by: float = 1.0,
) -> Generated:
    """Generate so many new sequences.

    held_out: (n,) bool, sequences that nothing is learned from here (if all are, the model is of an earlier run, and
    they are learned from); source: prior, mixture, posterior or line; sequences:
    names, for posterior (any number) and line (two); letters: `drawn` from p(x given z), or `most_likely`; divide_by:
    what a table was divided by when it was encoded. Raises ValueError for names that do not fit the source.
    """
    require_same_columns(features, model)
    require_same_names(latent.sequences, features.sequences, "latent.npz", "features.npz")
    random = np.random.default_rng(seed)
    known = ~held_out | held_out.all()
    points = choose_points(latent, features.weights, known, number, source, sequences, random)
    if source == "prior":
        points = replace(points, z=points.z * model.prior_scale.numpy())
    generator = torch.Generator().manual_seed(seed) if letters == "drawn" else None
    headers = [f"generated{i} {origin}" for i, origin in enumerate(points.origins, start=1)]
    logger.info("%d points from %s, letters %s", number, source, letters)
    if features.frame is not None:
        codes, _ = decode_letters(model, points.z, generator)
        return Generated(headers, features.frame.columns, features.frame.fill(codes))
    totals = row_totals(features)[points.parents]
    sizes = totals[:, 0] + points.share * (totals[:, 1] - totals[:, 0])
    values = decode_values(model, points.z, sizes, generator)
    return Generated(headers, *to_table(values, features, divide_by))


def choose_points(
    latent: Latent,
    weights: np.ndarray,
    known: np.ndarray,
    number: int,
    source: str,
    sequences: Sequence[str],
    random: np.random.Generator,
) -> Points:
    """Points of a source; weights: (n,), of the sequences; known: (n,) bool, those that it may be learned from."""
    if source == "line":
        return on_line(latent, number, require_two(latent, sequences))
    if source == "posterior":
        return near_sequences(latent, number, require_some(latent, sequences), random)
    parents = random.choice(np.flatnonzero(known), number)[:, None].repeat(2, axis=1)
    if source == "prior":
        z = random.standard_normal((number, latent.mu.shape[1]))
        return Points(z, ["source=prior"] * number, parents, np.zeros(number))
    assert source == "mixture", source
    z, components = from_mixture(latent, weights, known, number, random)
    return Points(z, [f"source=mixture component={i + 1}" for i in components], parents, np.zeros(number))


def require_some(latent: Latent, sequences: Sequence[str]) -> np.ndarray:
    """Rows of the named sequences; raises ValueError when there is none."""
    if not sequences:
        raise ValueError(f"generate.source is posterior, but no sequence is named.\nHint: name some in {SETTING}.")
    return find_rows(latent.sequences, sequences, SETTING)


def require_two(latent: Latent, sequences: Sequence[str]) -> np.ndarray:
    """Rows of the two ends of a line; raises ValueError when there are not two."""
    if len(sequences) != 2:
        raise ValueError(
            f"generate.source is line, and {len(sequences)} sequences are named; expected two, its ends.\n"
            f"Hint: name them in {SETTING}."
        )
    return find_rows(latent.sequences, sequences, SETTING)


def draw_posterior(latent: Latent, rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """One draw of q(z given x) for each row number, (rows, n_latent) float64."""
    noise = random.standard_normal((len(rows), latent.mu.shape[1]))
    return latent.mu[rows] + latent.sigma[rows] * noise


def from_mixture(
    latent: Latent, weights: np.ndarray, known: np.ndarray, number: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Points of a mixture fitted to one posterior draw of each sequence, and their components, (number,).

    Where sequences weigh unequally, as many are drawn by their weights.
    """
    rows = np.flatnonzero(known)
    weights = weights[rows].astype(np.float64)
    if not np.allclose(weights, weights[0]):
        rows = random.choice(rows, len(rows), p=weights / weights.sum())
    mixture = fit_mixture(draw_posterior(latent, rows, random))
    logger.info("mixture of %d components, fitted to %d posterior draws", len(mixture.weights_), len(rows))
    components = random.choice(len(mixture.weights_), number, p=mixture.weights_ / mixture.weights_.sum())
    roots = np.linalg.cholesky(mixture.covariances_)
    noise = random.standard_normal((number, latent.mu.shape[1]))
    spread = np.einsum("nij,nj->ni", roots[components], noise)
    return mixture.means_[components] + spread, components


def near_sequences(latent: Latent, number: int, rows: np.ndarray, random: np.random.Generator) -> Points:
    """Draws of the posteriors of some sequences in turn."""
    turns = np.resize(rows, number)
    origins = [f"source=posterior of={name}" for name in latent.sequences[turns]]
    return Points(draw_posterior(latent, turns, random), origins, turns[:, None].repeat(2, axis=1), np.zeros(number))


def on_line(latent: Latent, number: int, ends: np.ndarray) -> Points:
    """Points in equal steps from the posterior mean of one sequence to that of another."""
    share = np.linspace(0, 1, number)
    first, last = latent.mu[ends].astype(np.float64)
    names = "source=line from={} to={}".format(*latent.sequences[ends])
    origins = [f"{names} at={at:.6g}" for at in share]
    return Points(first + share[:, None] * (last - first), origins, np.tile(ends, (number, 1)), share)


def write_generated(generated: Generated, path: str | Path) -> None:
    """Write aligned sequences as FASTA, with '-' for gaps; numbers as TSV whose first column holds the headers.

    That column is called `profile` for k-mer profiles, `row` for rows of a table, by the name of the file, with
    underscores after it where a column of the table has that name.
    """
    if generated.values.dtype == np.uint8:
        write_letters(generated, path)
        return
    first = "profile" if "profiles" in Path(path).name else "row"
    table = pd.DataFrame(generated.values, columns=generated.columns)
    while first in generated.columns:
        first = f"{first}_"
    table.insert(0, first, generated.headers)
    write_table(table, path, decimals=8)


def write_letters(generated: Generated, path: str | Path) -> None:
    """Write FASTA, one line a sequence."""
    with whole_file(path) as partial, partial.open("w", encoding="utf-8") as file:
        for header, codes in zip(generated.headers, generated.values, strict=True):
            file.write(f">{header}\n{text_of(codes)}\n")
