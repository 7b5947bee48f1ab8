"""Small features and point clouds whose groups are known."""

import numpy as np
import pandas as pd
from latentseq.encoding import length_weights, standardised
from latentseq.encoding_columns import encode_alignment, encode_table
from latentseq.features import Block, Features
from latentseq.onehot import LETTERS
from latentseq.training import TrainingSettings
from small_files import sequences_table

SAMPLES = 4
SHAPE = {"n_latent": 4, "n_hidden": 32, "n_layers": 1, "dropout": 0.0, "architecture": "mlp"}
SETTINGS = TrainingSettings(
    max_epochs=6,
    batch_size=32,
    learning_rate=3e-3,
    kl_weight=0.0125,
    free_bits=0.0,
    kl_warmup=2,
    held_out=0.1,
    patience=20,
    checkpoint_epochs=2,
    seed=7,
)


def planted_features(
    per_group: int = 40, groups: int = 3, samples: int = SAMPLES, seed: int = 0
) -> tuple[Features, np.ndarray]:
    """Features of sequences of a few genomes, and the genome of each; few columns, so that training is fast."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(groups), per_group)
    n = len(truth)
    composition = random.normal(0, 2, (groups, 10))[truth] + random.normal(0, 0.7, (n, 10))
    blocks = {"composition": standardised(composition.astype(np.float32), column_names("word", 10))}
    if samples > 1:
        shares = random.dirichlet(np.ones(samples), groups)[truth] * random.uniform(0.9, 1.1, (n, samples))
        shares = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
        zeros, ones = np.zeros(samples, np.float32), np.ones(samples, np.float32)
        blocks["abundance"] = Block(shares, column_names("sample", samples), zeros, ones, "softmax")
    if samples:
        total = random.normal(0, 2, (groups, 1))[truth] + random.normal(0, 0.3, (n, 1))
        blocks["total_depth"] = standardised(total.astype(np.float32), np.array(["log total depth"]))
    names = np.array([f"sequence{i}" for i in range(1, n + 1)])
    return Features(names, length_weights(random.integers(2000, 50_000, n)), blocks), truth


def planted_alignment(
    per_group: int = 40, groups: int = 3, columns: int = 30, missing: float = 0.05, seed: int = 0
) -> tuple[Features, np.ndarray]:
    """Aligned sequences of a few lineages, with gaps, missing letters and ambiguity codes, and each one's lineage."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(groups), per_group)
    codes = random.integers(0, 5, (groups, columns), dtype=np.uint8)[truth]
    changed = random.random(codes.shape) < 0.02
    codes[changed] = random.integers(0, len(LETTERS), changed.sum(), dtype=np.uint8)
    codes[random.random(codes.shape) < missing] = LETTERS.index("N")
    table = counted_table(len(truth), random.integers(1, 5, len(truth)))
    names = np.array([str(i) for i in range(1, columns + 1)])
    alignment = {"sequences": table["sequence"].to_numpy(str), "columns": names, "codes": codes}
    return encode_alignment(alignment, table, gaps="state"), truth


def planted_table(
    likelihood: str, per_group: int = 40, groups: int = 3, columns: int = 12, seed: int = 0
) -> tuple[Features, np.ndarray]:
    """A table of a few kinds of rows that suits a likelihood, and the kind of each row."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(groups), per_group)
    centre = random.normal(0, 2, (groups, columns))[truth]
    values = {
        "gaussian": lambda: centre + random.normal(0, 0.5, centre.shape),
        "bernoulli": lambda: random.random(centre.shape) < 1 / (1 + np.exp(-4 * centre)),
        "negative_binomial": lambda: random.poisson(5 * np.exp(0.7 * centre) * random.gamma(5, 0.2, centre.shape)),
    }[likelihood]()
    table = counted_table(len(truth), np.ones(len(truth), int))
    names = table["sequence"].to_numpy(str)
    arrays = {"sequences": names, "columns": column_names("value", columns), "values": values.astype(np.float32)}
    return encode_table(arrays, table, likelihood=likelihood, divide_by=1), truth


def counted_table(n: int, counts: np.ndarray) -> pd.DataFrame:
    """A table of rows named sequence1, sequence2, ... that stand for so many records."""
    return sequences_table({f"sequence{i}": 1 for i in range(1, n + 1)}, count=list(counts))


def column_names(word: str, number: int) -> np.ndarray:
    """Names of columns: word 1, word 2, ..."""
    return np.array([f"{word} {i}" for i in range(1, number + 1)])


def blobs(sizes: list[int], centres: list[list[float]], spread: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Round Gaussian clouds of the given sizes about their centres, and the cloud of each row."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    centre = np.array(centres, float)[truth]
    return (centre + random.normal(0, spread, centre.shape)).astype(np.float32), truth


def cube_blobs(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Eight clouds of 30, 32, ... 44 rows at the corners of a cube, far apart."""
    corners = [[x, y, z] for x in (0, 20) for y in (0, 20) for z in (0, 20)]
    return blobs([30 + 2 * i for i in range(8)], corners, 1, seed)


def same_partition(labels: np.ndarray, truth: np.ndarray) -> bool:
    """Whether two labellings group the rows in the same way."""
    pairs = {(str(a), str(b)) for a, b in zip(labels, truth, strict=True)}
    return len(pairs) == len(np.unique(labels)) == len(np.unique(truth))
