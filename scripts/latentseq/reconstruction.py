"""What a model makes of the data it is given: reconstructions at the posterior mean, held against the data."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from latentseq.decoding import prepare
from latentseq.embedding import batches, require_same_columns
from latentseq.features import Features
from latentseq.likelihoods import Categorical
from latentseq.onehot import LETTERS, Frame, count_letters, distributions, encode_letters
from latentseq.selection import yes_no
from latentseq.vae import NORMALISED, VAE


class Reconstruction(NamedTuple):
    """One table with a row for each sequence, and one with a row for each column."""

    rows: pd.DataFrame
    columns: pd.DataFrame


@torch.no_grad()
def reconstruct(
    features: Features,
    model: VAE,
    held_out: np.ndarray,
    *,
    alignment: Mapping[str, np.ndarray] | None = None,
    divide_by: float = 1.0,
) -> Reconstruction:
    """Reconstruct every sequence from the mean of q(z given x).

    held_out: (n,) bool; alignment: arrays of alignment.npz, where the model is of one; divide_by: what a table was
    divided by when it was encoded. Raises ValueError when the features are not for the model.
    """
    require_same_columns(features, model)
    prepare(model)
    if features.frame is None:
        return reconstruct_numbers(features, model, held_out, divide_by)
    assert alignment is not None
    return reconstruct_letters(features, model, held_out, alignment["codes"])


def decoded_at_mean(features: Features, model: VAE) -> Iterator[tuple[slice, Tensor, Tensor, Tensor]]:
    """Rows of a batch, what the model read, what it decodes at the posterior mean, and the loss of each row."""
    start = 0
    for x in batches(features, model):
        decoded = model.decode(model.encode(x)[0])
        yield slice(start, start + len(x)), x, decoded, model.weighted_sum(model.reconstruction_loss(decoded, x))
        start += len(x)


def reconstruct_letters(features: Features, model: VAE, held_out: np.ndarray, codes: np.ndarray) -> Reconstruction:
    """Accuracy of the most likely letters, and how variable each column is; codes: (n, all columns) uint8.

    Only known letters are compared: bases, and gaps where they are a state. Rows: sequence, held_out, letters (how many
    are compared), accuracy (over the columns that vary), accuracy_all (over all: a constant column is right where the
    sequence has its letter), reconstruction_loss (nats). Columns: column, letter (the most frequent state), varies,
    entropy_bits (of the letters in the data), reconstruction_entropy_bits (of the mean reconstruction of sequences
    whose letter is known), accuracy. In the columns, rows count with their weights.
    """
    frame, (likelihood,) = features.frame, model.parts()
    assert isinstance(likelihood, Categorical)
    assert frame is not None
    n, n_columns, n_states = len(features.sequences), likelihood.n_columns, likelihood.n_states
    constant = encode_letters(frame.letters.encode())[~frame.variable]
    per_row = {name: np.zeros(n) for name in ("right", "known", "right_constant", "known_constant", "loss")}
    shares, right = np.zeros((n_columns, n_states)), np.zeros(n_columns)
    for rows, x, decoded, loss in decoded_at_mean(features, model):
        expected = likelihood.expected(decoded)
        known = (x < n_states).numpy()
        hits = (expected.argmax(dim=2) == x).numpy()  # never where the letter is missing
        unvaried = codes[rows][:, ~frame.variable]
        per_row["right"][rows], per_row["known"][rows] = hits.sum(axis=1), known.sum(axis=1)
        per_row["right_constant"][rows] = ((unvaried == constant) & (unvaried < n_states)).sum(axis=1)
        per_row["known_constant"][rows] = (unvaried < n_states).sum(axis=1)
        per_row["loss"][rows] = loss.numpy()
        weight = features.weights[rows].astype(np.float64)
        right += weight @ hits
        counted = torch.from_numpy(known * weight[:, None].astype(np.float32))
        shares += torch.einsum("nc,ncs->cs", counted, expected).double().numpy()
    letters = per_row["known"] + per_row["known_constant"]
    table = {
        "sequence": features.sequences,
        "held_out": yes_no(held_out),
        "letters": letters.astype(np.int64),
        "accuracy": ratio(per_row["right"], per_row["known"]),
        "accuracy_all": ratio(per_row["right"] + per_row["right_constant"], letters),
        "reconstruction_loss": per_row["loss"],
    }
    return Reconstruction(pd.DataFrame(table), describe_columns(features, frame, codes, shares, right))


def describe_columns(
    features: Features, frame: Frame, codes: np.ndarray, shares: np.ndarray, right: np.ndarray
) -> pd.DataFrame:
    """Table of all columns of an alignment.

    codes: (n, all columns); shares: (columns that vary, states), sums of reconstructed probabilities; right: (columns
    that vary,), weight of the sequences that are right there.
    """
    n_states, variable = shares.shape[1], frame.variable
    counts = count_letters(codes, features.weights.astype(np.float64))
    states = counts @ distributions(n_states > len("ACGT"))
    whole = encode_letters(frame.letters.encode())
    hits = np.where(whole < n_states, counts[np.arange(len(whole)), whole], 0.0)
    hits[variable] = right
    entropy = np.zeros(len(whole))
    entropy[variable] = entropy_bits(shares)
    most = np.where(states.sum(axis=1) > 0, states.argmax(axis=1), LETTERS.index("N"))
    return pd.DataFrame(
        {
            "column": frame.columns,
            "letter": np.array(list(LETTERS))[np.where(variable, most, whole)],
            "varies": yes_no(variable),
            "entropy_bits": entropy_bits(states),
            "reconstruction_entropy_bits": entropy,
            "accuracy": ratio(hits, counts[:, :n_states].sum(axis=1)),
        }
    )


def entropy_bits(counts: np.ndarray) -> np.ndarray:
    """Entropy of each row of counts in bits, (n,); 0 for a row without any; counts (n, states)."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-30)
    logarithms = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.abs((shares * logarithms).sum(axis=1))  # of nothing but zeros, -0 otherwise


def ratio(part: Any, whole: Any) -> np.ndarray:
    """Share of a whole; NaN, an empty cell, where there is none."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)


def reconstruct_numbers(features: Features, model: VAE, held_out: np.ndarray, divide_by: float) -> Reconstruction:
    """Explained shares of the values of a table, or of the blocks of a k-mer model.

    Rows: sequence, held_out, explained_share (1 - squared error / squared distance from the columns' means, of values
    as the model reads them), mean_absolute_error (in the unit of the table; empty for a k-mer model, which has more
    than one), reconstruction_loss. Columns: block, column, mean and standard_deviation (in the unit of the table),
    r_squared (explained share of the column's variance; empty where it is constant).
    """
    names = [(name, str(column)) for name, part in features.blocks.items() for column in part.columns]
    mean = np.concatenate([part.values.mean(axis=0, dtype=np.float64) for part in features.blocks.values()])
    spread, missed = np.zeros(len(names)), np.zeros(len(names))
    explained, absolute, losses = (np.zeros(len(features.sequences)) for _ in range(3))
    offset, unit = units(features, divide_by)
    comparable = all(block.likelihood in NORMALISED for block in features.blocks.values())
    for rows, x, decoded, loss in decoded_at_mean(features, model):
        values = x.numpy().astype(np.float64)
        residual = expected_values(model, decoded, x) - values
        distance = (values - mean) ** 2
        missed += (residual**2).sum(axis=0)
        spread += distance.sum(axis=0)
        explained[rows] = 1 - ratio((residual**2).sum(axis=1), distance.sum(axis=1))
        absolute[rows] = (np.abs(residual) * unit).mean(axis=1)
        losses[rows] = loss.numpy()
    table = {
        "sequence": features.sequences,
        "held_out": yes_no(held_out),
        "explained_share": explained,
        "mean_absolute_error": absolute if comparable else np.nan,
        "reconstruction_loss": losses,
    }
    columns = pd.DataFrame(names, columns=["block", "column"])
    columns["mean"] = mean * unit + offset
    columns["standard_deviation"] = np.sqrt(spread / len(losses)) * unit
    varies = spread > 1e-12 * len(losses) * np.maximum(mean**2, 1e-12)
    columns["r_squared"] = 1 - ratio(missed, np.where(varies, spread, 0))
    return Reconstruction(pd.DataFrame(table), columns)


def units(features: Features, divide_by: float) -> tuple[np.ndarray, np.ndarray]:
    """What a zero and a step of one in each column are in the user's data, both (all columns,) float64."""
    zeros, steps = [], []
    for block in features.blocks.values():
        scaled = block.likelihood != "softmax"  # shares keep depths where others keep their deviations
        zeros.append(block.mean.astype(np.float64) * scaled * divide_by)
        steps.append(np.where(scaled, block.std.astype(np.float64), 1) * divide_by)
    return np.concatenate(zeros), np.concatenate(steps)


def expected_values(model: VAE, decoded: Tensor, x: Tensor) -> np.ndarray:
    """Mean of p(x given z) of all blocks side by side, (n, columns) float64."""
    parts = zip(model.parts(), model.split_outputs(decoded), model.split_columns(x), strict=True)
    return torch.cat([part.expected(outputs, values.sum(dim=1)) for part, outputs, values in parts], 1).double().numpy()
