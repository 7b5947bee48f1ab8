"""Pairs of transcripts that share sequence, compared with counts of all their k-mers by brute force."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latentseq import pair_finding as module
from latentseq.arrays import write_arrays
from latentseq.kmers import reverse_complement
from latentseq.pair_finding import reads_of_each, sample_places, shared_reads
from latentseq.read_classes import Classes
from latentseq.shared_kmers import K
from latentseq.transcript_pairs import read_pairs
from planted_genes import classes_of, pairs_of, planted_genes, random_bases, substituted

ALL_PAIRS = module.COMMONEST * (module.COMMONEST - 1) // 2
RANDOM = np.random.default_rng(4)
TEXT = random_bases(600, RANDOM)
OTHER = random_bases(600, RANDOM)


@pytest.fixture
def every_kmer(monkeypatch):
    """Look at every k-mer, not at a share."""
    monkeypatch.setattr(module, "SMALLEST_SCALE", 1)


def pair_of(*texts):
    """What the only pair of transcripts shares: k-mers in the longest stretch and in common, mismatches, opposite."""
    found = pairs_of({f"t{number}": text for number, text in enumerate(texts)})
    assert (found.first.tolist(), found.second.tolist()) == ([0], [1])
    return found.stretch[0], found.shared[0], found.mismatches[0], found.opposite[0]


def changed(text, *places):
    return "".join(
        {"A": "C", "C": "G", "G": "T", "T": "A"}[base] if at in places else base for at, base in enumerate(text)
    )


def all_kmers(text):
    """The k-mers over A, C, G, T alone, each in the smaller of its two forms."""
    kmers = [text[at : at + K] for at in range(len(text) - K + 1)]
    return Counter(min(kmer, reverse_complement(kmer)) for kmer in kmers if set(kmer) <= set("ACGT"))


def shared_kmers(one, other):
    """K-mers of one that are in the other, each as often as it is in the first."""
    of_other = all_kmers(other)
    return sum(count for kmer, count in all_kmers(one).items() if kmer in of_other)


def longest_stretch(one, other):
    """Bases of the longest substring that is in both, by a table of the ends of common ones."""
    longest, before = 0, np.zeros(len(other) + 1, int)
    letters = np.array(list(other))
    for base in one:
        here = np.zeros_like(before)
        here[1:] = np.where(letters == base, before[:-1] + 1, 0)
        longest, before = max(longest, here.max()), here
    return longest


@pytest.mark.usefixtures("every_kmer")
def test_equal_transcripts_share_all():
    assert pair_of(TEXT, TEXT) == (570, 570, 0, False)


@pytest.mark.usefixtures("every_kmer")
def test_a_shared_exon():
    assert pair_of(OTHER[:200] + TEXT[:150] + OTHER[200:300], TEXT[:150]) == (120, 120, 0, False)


@pytest.mark.usefixtures("every_kmer")
def test_the_other_strand():
    assert pair_of(TEXT, reverse_complement(TEXT)) == (570, 570, 0, True)
    assert pair_of(TEXT, reverse_complement(OTHER[:100] + TEXT[:300])) == (270, 270, 0, True)


@pytest.mark.usefixtures("every_kmer")
@pytest.mark.parametrize("turn", [str, reverse_complement])
def test_a_substitution_is_one_mismatch(turn):
    stretch, shared, mismatches, _ = pair_of(TEXT, turn(changed(TEXT, 200)))
    assert (stretch, shared, mismatches) == (600 - 201 - K + 1, 570 - K, 1)


@pytest.mark.usefixtures("every_kmer")
@pytest.mark.parametrize(
    ("places", "mismatches"),
    [((100, 300, 500), 3), ((100, 110), 1), ((100, 130, 160), 1), ((100, 130, 160, 190), 0), ((5,), 0)],
)
def test_substitutions_that_stand_close_are_one_mismatch(places, mismatches):
    """Those between which no k-mer is common cannot be told apart, and many of them are no mismatch but another text;
    one at an end has nothing common on one side.
    """
    assert pair_of(TEXT, changed(TEXT, *places))[2] == mismatches


@pytest.mark.usefixtures("every_kmer")
@pytest.mark.parametrize("turn", [str, reverse_complement])
def test_a_skipped_exon_is_no_mismatch(turn):
    skipped = TEXT[:200] + TEXT[350:]
    expected = longest_stretch(TEXT, skipped) - K + 1, shared_kmers(TEXT, skipped)
    assert pair_of(TEXT, turn(skipped)) == (*expected, 0, turn is reverse_complement)


@pytest.mark.usefixtures("every_kmer")
def test_an_exon_of_another_text_is_no_mismatch_when_it_is_long():
    """As long as the exon that it stands for, it leaves what follows on the same diagonal."""
    replaced = TEXT[:200] + OTHER[:150] + TEXT[350:]
    expected = longest_stretch(TEXT, replaced) - K + 1, shared_kmers(TEXT, replaced)
    assert pair_of(TEXT, replaced) == (*expected, 0, False)


@pytest.mark.usefixtures("every_kmer")
def test_letters_that_are_no_base_are_in_no_kmer():
    assert pair_of(TEXT, TEXT[:300] + "N" + TEXT[301:])[:2] == (270, 570 - K)


@pytest.mark.usefixtures("every_kmer")
def test_transcripts_that_share_too_little_are_no_pair():
    assert len(pairs_of({"a": TEXT, "b": OTHER}).first) == 0
    enough = K - 1 + module.FEWEST_SHARED
    assert pair_of(TEXT, OTHER + TEXT[:enough])[1] == module.FEWEST_SHARED
    assert len(pairs_of({"a": TEXT, "b": OTHER + TEXT[: enough - 1]}).first) == 0


@pytest.mark.usefixtures("every_kmer")
def test_transcripts_shorter_than_a_kmer_are_in_no_pair():
    assert len(pairs_of({"a": TEXT[:20], "b": TEXT[:20]}).first) == 0


def made_of_pieces(pieces):
    """A transcript of pieces of TEXT and OTHER, each with one letter changed or not, turned or not."""
    parts = []
    for source, start, length, place, turn in pieces:
        part = (TEXT if source else OTHER)[start : start + length]
        part = changed(part, place)
        parts.append(reverse_complement(part) if turn else part)
    return "".join(parts)


PIECES = st.lists(
    st.tuples(
        st.booleans(),
        st.integers(0, 10).map(lambda at: 40 * at),
        st.integers(35, 200),
        st.integers(0, 400),
        st.booleans(),
    ),
    min_size=1,
    max_size=3,
)


@given(pieces=st.tuples(PIECES, PIECES))
def test_shared_kmers_and_stretches_are_those_of_brute_force(pieces):
    one, other = map(made_of_pieces, pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SMALLEST_SCALE", 1)
        found = pairs_of({"a": one, "b": other})
    kmers, others = all_kmers(one), all_kmers(other)
    if len(found.first) == 0:
        assert sum(kmers[kmer] * others[kmer] for kmer in kmers) < module.FEWEST_SHARED
        return
    assert found.shared[0] == shared_kmers(one, other)
    longest = max(longest_stretch(one, other), longest_stretch(one, reverse_complement(other)))
    if max(kmers.values()) == max(others.values()) == 1:  # else it is not said which equals which
        assert found.stretch[0] == longest - K + 1
    assert found.stretch[0] <= longest - K + 1


@pytest.mark.usefixtures("every_kmer")
def test_pairs_of_many_transcripts_are_those_of_brute_force():
    transcripts = planted_genes(6, seed=5)
    found = pairs_of(transcripts)
    kmers = [all_kmers(text) for text in transcripts.values()]
    expected = {(i, j): (a & b).total() for (i, a), (j, b) in itertools.combinations(enumerate(kmers), 2)}
    expected = {pair: shared for pair, shared in expected.items() if shared >= module.FEWEST_SHARED}
    assert (
        dict(zip(zip(found.first.tolist(), found.second.tolist(), strict=True), found.shared, strict=True)) == expected
    )
    assert list(expected) == sorted(expected)
    assert len(expected) > 6


def test_a_sample_of_the_kmers_is_right_on_an_average():
    """One of four k-mers is looked at: stretches and shares scatter, mismatches hardly do."""
    random = np.random.default_rng(8)
    text = random_bases(4000, random)
    stretch, shared, mismatches, opposite = pair_of(text[:3000], text[1000:2000] + changed(text[2000:], 300))
    assert stretch == pytest.approx(1270, abs=40)
    assert shared == pytest.approx(1970 - K, rel=0.1)
    assert (mismatches, opposite) == (1, False)


def test_the_same_kmers_are_sampled_on_both_strands():
    forward, turned = sample_places([TEXT.encode(), reverse_complement(TEXT).encode()], 2, scale=4), len(TEXT) - K
    half = forward.offsets[1]
    assert forward.hashes[:half].tolist() == forward.hashes[half:][::-1].tolist()
    assert forward.places[:half].tolist() == (turned - forward.places[half:][::-1]).tolist()
    assert 0.15 < half / (len(TEXT) - K + 1) < 0.35


def test_of_more_bases_a_smaller_share_is_looked_at(monkeypatch):
    monkeypatch.setattr(module, "MOST_SAMPLED", 100)
    found = pairs_of({"a": TEXT * 10, "b": OTHER * 10})
    assert len(found.first) == 0
    monkeypatch.setattr(module, "MOST_SAMPLED", 1000)
    assert pairs_of({"a": TEXT + OTHER, "b": TEXT + OTHER}).shared[0] % module.SMALLEST_SCALE == 0


def with_repeat(number, repeat, random):
    return {f"t{i}": random_bases(40, random) + repeat for i in range(number)}


def test_repeats_in_many_transcripts_find_no_pair():
    random = np.random.default_rng(6)
    repeat = random_bases(100, random)
    transcripts = with_repeat(module.COMMONEST + 1, repeat, random)
    assert len(pairs_of(transcripts).first) == 0
    transcripts.popitem()
    assert len(pairs_of(transcripts).first) == ALL_PAIRS


@pytest.mark.usefixtures("every_kmer")
def test_a_repeat_counts_in_a_pair_that_shares_more():
    random = np.random.default_rng(6)
    repeat, exon = random_bases(100, random), random_bases(100, random)
    found = pairs_of({"a": exon + repeat, "b": exon + repeat} | with_repeat(module.COMMONEST, repeat, random))
    assert (found.first[0], found.second[0], found.shared[0]) == (0, 1, 200 - K + 1)
    assert len(found.first) < 0.01 * ALL_PAIRS  # of those whose bases before the repeat are equal by chance


MATES = st.dictionaries(
    st.sets(st.integers(0, 5), min_size=1).map(lambda rows: tuple(sorted(rows))), st.integers(1, 9), max_size=12
)


@given(counts=MATES)
def test_shared_reads_are_those_of_a_plain_count(counts):
    classes = classes_of(counts)
    pairs = list(itertools.combinations(range(6), 2))
    first, second = np.array(pairs, np.int32).T
    expected = [sum(number for rows, number in counts.items() if {*pair} <= {*rows}) for pair in pairs]
    assert shared_reads(first, second, classes, 6).tolist() == expected
    of_each = [sum(number for rows, number in counts.items() if row in rows) for row in range(6)]
    assert reads_of_each(classes, 6).tolist() == of_each


def test_pairs_have_their_reads_and_those_of_the_rarer():
    mates = classes_of({(0,): 5, (0, 1): 7, (1,): 1, (2,): 9})
    found = pairs_of({"a": TEXT, "b": TEXT, "c": OTHER}, mates)
    assert (found.reads.tolist(), found.fewest_reads.tolist()) == ([7], [8])
    assert pairs_of({"a": TEXT, "b": TEXT}).fewest_reads.tolist() == [0]


def test_no_reads_of_any_sample():
    nothing = Classes(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64))
    assert pairs_of({"a": TEXT, "b": TEXT}, nothing).reads.tolist() == [0]


def test_mismatches_grow_with_differences():
    random = np.random.default_rng(9)
    text = random_bases(3000, random)
    rates = []
    for share in (0.0, 0.005, 0.02):
        _, shared, mismatches, _ = pair_of(text, substituted(text, share, random))
        rates.append(mismatches / shared)
    assert rates[0] == 0
    assert rates[1] == pytest.approx(0.005, rel=0.5)
    assert rates[2] > 2 * rates[1]


def test_pairs_are_read_back(tmp_path):
    found = pairs_of(planted_genes(3))
    write_arrays(tmp_path / "pairs.npz", vars(found))
    again = read_pairs(tmp_path / "pairs.npz")
    assert all(np.array_equal(array, getattr(again, name)) for name, array in vars(found).items())
    write_arrays(tmp_path / "pairs.npz", {"first": found.first})
    with pytest.raises(ValueError, match=r"pairs\.npz"):
        read_pairs(tmp_path / "pairs.npz")
