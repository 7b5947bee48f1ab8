"""Small runs of one dataset for tests of their comparison, written beside the expected values."""

import numpy as np
from latentseq.comparison import ComparedRun, Comparison
from small_files import sequences_table

LENGTHS = {"a": 4000, "b": 3000, "c": 2000, "d": 1000}


def compared(name, clusters, *, settings=None, lengths=LENGTHS, support=1.0, **more):
    table = sequences_table(lengths)
    contigs = table.assign(cluster=list(clusters), support=support)[
        ["sequence", "original", "sample", "cluster", "length", "gc", "support"]
    ]
    places = np.column_stack([np.arange(len(table)), np.zeros(len(table))]).astype(float)
    return ComparedRun(name, settings or {}, contigs, places, **more)


def comparison(*runs, evaluation=None, lengths=LENGTHS):
    return Comparison("soil", sequences_table(lengths), list(runs), evaluation)
