"""Small transcriptomes whose genes are known: isoforms of random exons, some cut, some turned."""

import numpy as np
from latentseq.kmers import reverse_complement
from latentseq.pair_finding import find_pairs
from latentseq.read_classes import Classes
from small_files import alignment, sequences_table, write_alignments

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
    """All exons, and forms without one or two inner ones, each another."""
    texts = ["".join(of_gene)]
    while len(texts) < number:
        skipped = set(random.choice(np.arange(1, len(of_gene) - 1), random.integers(1, 3), replace=False))
        text = "".join(exon for place, exon in enumerate(of_gene) if place not in skipped)
        texts += [] if text in texts else [text]
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


def read_pairs(transcripts, shares, number, random, *, mate=125):
    """Names and the two mates of error-free pairs; shares: of the pairs, by transcript. Half of them are turned.

    The name tells the transcript: `12_g3_1`. Mates of 125 bases or more leave nothing between them.
    """
    names = random.choice(list(shares), number, p=np.array(list(shares.values())) / sum(shares.values()))
    for i, name in enumerate(names):
        text = transcripts[name]
        length = min(len(text), int(random.integers(150, 250)))
        start = int(random.integers(len(text) - length + 1))
        mates = text[start : start + mate], reverse_complement(text[start + length - mate : start + length])
        yield f"{i}_{name}", *(mates if random.random() < 0.5 else mates[::-1])


def write_all_alignments(path, transcripts, pairs):
    """Write a BAM with all places where both mates fit exactly, the first of them as primary alignments."""
    records = []
    for name, first, second in pairs:
        secondary = 0
        for reference, text in enumerate(transcripts.values()):
            for turned in (False, True):
                left, right = (second, first) if turned else (first, second)
                start, end = text.find(left), text.find(reverse_complement(right))
                if start < 0 or end < 0:
                    continue
                span = end + len(right) - start
                common = {"reference": reference, "tags": [("AS", 2 * len(left), "i")]}
                flags = (83 if turned else 99) + secondary, (163 if turned else 147) + secondary
                places = ((end, -span), (start, span)) if turned else ((start, span), (end, -span))
                for flag, (at, signed) in zip(flags, places, strict=True):
                    records.append(alignment(name, f"{len(left)}M", start=at, flag=flag, span=signed, **common))
                secondary = 256
    return write_alignments(path, {name: len(text) for name, text in transcripts.items()}, records)
