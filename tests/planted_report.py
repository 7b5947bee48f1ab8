"""What a small run left, with groups that are known, for the tests of the report's map and tables."""

import numpy as np
import pandas as pd
from latentseq.features import Block, Features
from latentseq.latent import Latent
from latentseq.report_input import ReportInput

NAMES = [f"S1C{number}" for number in range(1, 31)]
CLUSTERS = ["S1_0"] * 15 + ["S1_1"] * 10 + ["S1_2"] * 4 + [""]  # the first two are bins
COLUMNS = 4


def planted_features(groups=CLUSTERS):
    values = np.random.default_rng(3).normal(size=(len(groups), COLUMNS)).astype(np.float32)
    columns = np.array([f"4-mer dimension {column}" for column in range(1, COLUMNS + 1)])
    block = Block(values, columns, np.zeros(COLUMNS, np.float32), np.array([0.01, 0.02, 0.0, 0.03], np.float32))
    return Features(np.array(NAMES), np.ones(len(NAMES), np.float32), {"composition": block})


def planted_latent():
    mu = np.zeros((len(NAMES), 2), np.float32)
    loss = np.arange(len(NAMES), dtype=np.float32)
    return Latent(np.array(NAMES), np.array(["1", "2"]), mu, mu + 1, loss, loss)


def planted_bins():
    bins = pd.DataFrame({"bin": ["S1_0", "S1_1"], "cluster": ["S1_0", "S1_1"], "sample": "S1"})
    bins = bins.assign(contigs=["15", "10"], bases=["1500000", "200000"], n50="100000", gc=["0.6", "0.4"])
    bins = bins.assign(longest="100000", support=["1", "0.8"])
    return bins.assign(depth_S1=["5", "2.123456"], depth_S2=["1", "8"])


def planted_content(**more):
    size = [100_000] * 15 + [20_000] * 10 + [5000] * 5
    x = [0.0] * 15 + [10.0] * 10 + [20.0] * 4 + [30.0]
    depth = np.array([[5, 1]] * 15 + [[2, 8]] * 10 + [[1, 1]] * 5, np.float32)
    content = {
        "dataset": "soil",
        "run": "main",
        "sequences": pd.DataFrame({"sequence": NAMES, "sample": "S1", "length": size, "gc": 0.5, "original": NAMES}),
        "files": pd.DataFrame({"file": ["a.fna"], "sequences": "30", "bases": "1725000"}).assign(
            **{"kept": "30", "kept_bases": "1725000", "too_short": "0", "sha256": "ab" * 32}
        ),
        "clusters": pd.DataFrame({"sequence": NAMES, "cluster": CLUSTERS, "support": ["1"] * 15 + ["0.8"] * 15}),
        "latent_map": pd.DataFrame({"sequence": NAMES, "x": x, "y": np.arange(len(NAMES)) / 10}).astype(str),
        "depth": {"sequences": np.array(NAMES), "samples": np.array(["S1", "S2"]), "depth": depth},
        "settings": {"settings": {"encode": {"method": "kmer", "k": 4}}},
        "features": planted_features(),
        "latent": planted_latent(),
        "labels": pd.DataFrame({"sequence": NAMES[:26], "label": ["coli"] * 14 + ["lepto"] * 12, "genome_length": 0}),
        "bins": planted_bins(),
    }
    return ReportInput(**content | more)
