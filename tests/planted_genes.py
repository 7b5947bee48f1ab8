"""Small transcriptomes whose genes are known: isoforms of random exons, some cut, some turned."""

import numpy as np
from latentseq.kmers import reverse_complement
from latentseq.pair_finding import find_pairs
from latentseq.read_classes import Classes
from small_files import sequences_table

OTHERS = {"A": "CGT", "C": "AGT", "G": "ACT", "T": "ACG"}


def random_bases(length, random):
    return "".join(random.choice(list("ACGT"), length))


def substituted(text, share, random):
    """The same sequence with a share of its letters changed to another."""
    letters = list(text)
    for place in np.flatnonzero(random.random(len(text)) < share):
        letters[place] = OTHERS[letters[place]][random.integers(3)]
    return "".join(letters)


def exons(random, number=8):
    return [random_bases(int(length), random) for length in random.integers(80, 300, number)]


def isoforms(of_gene, number, random):
    """All exons, and forms without one or two inner ones."""
    texts = ["".join(of_gene)]
    while len(texts) < number:
        skipped = set(random.choice(np.arange(1, len(of_gene) - 1), random.integers(1, 3), replace=False))
        texts.append("".join(exon for place, exon in enumerate(of_gene) if place not in skipped))
    return texts


def planted_genes(genes=20, most_isoforms=4, seed=0, *, turned=True, cut=True):
    """Transcripts by name, shuffled, and the gene of each: `g3_1` is of gene 3; half turned, some without an end."""
    random = np.random.default_rng(seed)
    transcripts = {}
    for gene in range(genes):
        for number, text in enumerate(isoforms(exons(random), int(random.integers(1, most_isoforms + 1)), random)):
            if cut and random.random() < 0.3:
                text = text[int(random.integers(len(text) // 3)) :]
            transcripts[f"g{gene}_{number}"] = reverse_complement(text) if turned and random.random() < 0.5 else text
    names = random.permutation(list(transcripts))
    return {str(name): transcripts[name] for name in names}


def true_genes(transcripts):
    return [name.split("_")[0] for name in transcripts]


def table_of(transcripts):
    return sequences_table({name: len(text) for name, text in transcripts.items()})


def pairs_of(transcripts, mates=None):
    """Pairs that share sequence; transcripts: text by name."""
    texts = [text.encode() for text in transcripts.values()]
    return find_pairs(texts, np.array(list(transcripts)), sum(map(len, texts)), mates)


def classes_of(counts):
    """Classes of a mapping of tuples of rows to reads."""
    offsets = np.cumsum([0, *map(len, counts)]).astype(np.int64)
    rows = np.array([row for rows in counts for row in rows], np.int32)
    return Classes(offsets, rows, np.array(list(counts.values()), np.int64))
