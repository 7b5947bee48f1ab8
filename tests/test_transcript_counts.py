"""Reads of transcripts: shares of isoforms that are known, lengths in which a fragment may begin, and depth."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latentseq.read_classes import Classes, SampleReads, read_classes, take_sets
from latentseq.tpm import per_million
from latentseq.transcript_counts import (
    FRAGMENT_OF_SINGLE_READS,
    count_samples,
    coverage,
    effective_lengths,
    estimate_counts,
    mean_fragment,
)
from planted_genes import classes_of, planted_genes, read_pairs, table_of, write_all_alignments

SINGLE = np.zeros(2001, np.int64)  # lengths of fragments of which nothing is known


def fragments(**counts):
    """Numbers of fragments by their bases, as in `fragments(b180=3)`."""
    found = SINGLE.copy()
    for name, number in counts.items():
        found[int(name[1:])] = number
    return found


def sample(name, counts, lengths=SINGLE):
    return SampleReads(name, classes_of(counts), classes_of(counts), lengths)


SETS = st.dictionaries(
    st.sets(st.integers(0, 5), min_size=1).map(lambda rows: tuple(sorted(rows))), st.integers(1, 500), max_size=15
)
EFFECTIVE = st.lists(st.floats(1, 5000), min_size=6, max_size=6).map(np.array)


@given(counts=SETS, effective=EFFECTIVE)
def test_counts_sum_to_the_reads_and_stay_where_reads_fit(counts, effective):
    found = estimate_counts(classes_of(counts), effective)
    assert found.sum() == pytest.approx(sum(counts.values()))
    assert (found >= 0).all()
    fitted = {row for rows in counts for row in rows}
    assert not found[[row for row in range(6) if row not in fitted]].any()
    alone = np.array([counts.get((row,), 0) for row in range(6)])
    assert (found >= alone * (1 - 1e-9)).all()


@given(counts=SETS, effective=EFFECTIVE, data=st.data())
def test_the_order_of_sets_does_not_matter(counts, effective, data):
    classes = classes_of(counts)
    order = np.array(data.draw(st.permutations(range(len(counts)))), np.int64)
    turned = take_sets(classes.offsets, classes.rows, order, classes.counts[order])
    np.testing.assert_allclose(estimate_counts(turned, effective), estimate_counts(classes, effective), rtol=1e-6)


@given(counts=SETS, other=SETS, effective=EFFECTIVE)
def test_transcripts_that_no_read_ties_together_do_not_change_one_another(counts, other, effective):
    """Each family settles by itself: beside others it has what it has alone."""
    beside = counts | {tuple(row + 6 for row in rows): number for rows, number in other.items()}
    both = estimate_counts(classes_of(beside), np.concatenate([effective, effective[::-1]]))
    np.testing.assert_allclose(both[:6], estimate_counts(classes_of(counts), effective), rtol=1e-9)
    np.testing.assert_allclose(both[6:], estimate_counts(classes_of(other), effective[::-1]), rtol=1e-9)


def test_reads_of_one_transcript_stay_there():
    found = estimate_counts(classes_of({(0,): 7, (2,): 3}), np.array([100.0, 100, 1]))
    assert found.tolist() == [7, 0, 3]


def test_shared_reads_go_by_what_is_not_shared():
    """Of 100 shared reads 90 fit where 9 of 10 of the others do."""
    found = estimate_counts(classes_of({(0,): 90, (1,): 10, (0, 1): 100}), np.array([1000.0, 1000]))
    assert found == pytest.approx([180, 20], rel=0.01)


def test_of_isoforms_that_all_reads_fit_the_shorter_is_likelier():
    """All reads of the longer would lie in what both have with a probability of a half for each read."""
    found = estimate_counts(classes_of({(0, 1): 100}), np.array([2000.0, 1000]))
    assert found == pytest.approx([0, 100], abs=1)


def test_transcripts_that_cannot_be_told_apart_have_equal_parts():
    assert estimate_counts(classes_of({(0, 1): 100}), np.array([500.0, 500])) == pytest.approx([50, 50])


def test_no_reads_at_all():
    assert estimate_counts(classes_of({}), np.ones(3)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_known_shares_of_two_isoforms_are_found_again(share):
    """The second lacks an exon of 300 of 1,500 bases; reads of 100 bases begin anywhere."""
    random = np.random.default_rng(3)
    long, short, read, exon = 1500, 1200, 100, (600, 900)
    number = 20_000
    weights = np.array([share * (long - read + 1), (1 - share) * (short - read + 1)])
    of_first = random.binomial(number, weights[0] / weights.sum())
    starts = random.integers(0, long - read + 1, of_first)
    only_first = int(((starts > exon[0] - read) & (starts < exon[1])).sum())
    starts = random.integers(0, short - read + 1, number - of_first)
    only_second = int(((starts > exon[0] - read) & (starts < exon[0])).sum())
    counts = {(0,): only_first, (1,): only_second, (0, 1): number - only_first - only_second}
    found = estimate_counts(classes_of(counts), np.array([long - read + 1.0, short - read + 1]))
    assert found == pytest.approx([of_first, number - of_first], abs=0.015 * number)
    assert per_million(found[:, None], np.array([[1401.0], [1101]]))[0, 0] / 1e6 == pytest.approx(share, abs=0.015)


def test_isoforms_with_all_exons_have_no_more_reads_than_are_theirs(tmp_path):
    """Mates of 75 bases, up to 100 bases apart, that lie beside a skipped exon, fit the isoform that has it, too."""
    transcripts = planted_genes(3, most_isoforms=4, seed=11, cut=False)
    random = np.random.default_rng(1)
    pairs = list(read_pairs(transcripts, dict.fromkeys(transcripts, 1), 4000, random, mate=75))
    bam = write_all_alignments(tmp_path / "S.bam", transcripts, pairs)
    options = {"reference": None, "min_identity": 0, "exclude_flags": 2564, "strand": "unstranded"}
    arrays = read_classes(bam, table_of(transcripts), sample="S", **options).arrays
    lengths = np.array([len(text) for text in transcripts.values()])
    effective = effective_lengths(lengths, arrays["fragment_lengths"])
    found = estimate_counts(Classes.from_arrays(arrays, "fragments"), effective)
    drawn = Counter(name.split("_", 1)[1] for name, _, _ in pairs)
    true = np.array([drawn[name] for name in transcripts])
    whole = np.array([name.endswith("_0") for name in transcripts])
    assert found[whole].sum() == pytest.approx(true[whole].sum(), rel=0.05)
    assert np.abs(found - true).sum() < 0.05 * true.sum()


def test_estimates_are_likelier_than_others_near_them():
    random = np.random.default_rng(1)
    sets = {
        tuple(sorted(random.choice(8, random.integers(1, 5), replace=False))): int(random.integers(1, 300))
        for _ in range(20)
    }
    effective = random.uniform(100, 3000, 8)

    def likelihood(counts):
        rates = counts / effective / counts.sum()
        return sum(number * np.log(rates[list(rows)].sum()) for rows, number in sets.items())

    found = estimate_counts(classes_of(sets), effective)
    for _ in range(50):
        other = np.maximum(found * random.uniform(0.8, 1.2, 8), 1e-12)
        assert likelihood(found) >= likelihood(other)


def test_effective_lengths_of_pairs_are_those_of_fragments_that_fit():
    lengths = np.array([1000, 300, 250, 200, 150])
    found = effective_lengths(lengths, fragments(b200=1, b300=3))
    assert found.tolist() == [1000 - 275 + 1, 300 - 275 + 1, 51, 1, 150]


def test_effective_lengths_of_single_reads():
    found = effective_lengths(np.array([2000, 1000]), SINGLE)
    np.testing.assert_allclose(found, [2000 - FRAGMENT_OF_SINGLE_READS + 1, 1000 - FRAGMENT_OF_SINGLE_READS + 1])
    growing = effective_lengths(np.arange(100, 400), SINGLE)
    assert (np.diff(growing) > 0).all()


def test_transcripts_shorter_than_all_fragments_have_their_own_length():
    assert effective_lengths(np.array([40, 299]), fragments(b300=5)).tolist() == [40, 299]


@given(
    lengths=st.lists(st.integers(1, 100_000), min_size=1),
    sizes=st.dictionaries(st.integers(20, 2000), st.integers(1, 99)),
)
def test_effective_lengths_are_between_one_and_the_length(lengths, sizes):
    seen = SINGLE.copy()
    seen[list(sizes)] = list(sizes.values())
    found = effective_lengths(np.array(lengths), seen)
    assert (found >= 1).all()
    assert (found <= lengths).all()


def test_samples_are_counted_each_with_its_own_fragments():
    lengths = np.array([1000, 500])
    found = count_samples([sample("one", {(0,): 6, (1,): 2}, fragments(b101=1)), sample("two", {(1,): 5})], lengths)
    assert found["samples"].tolist() == ["one", "two"]
    assert found["counts"].tolist() == [[6, 0], [2, 5]]
    np.testing.assert_allclose(found["effective_lengths"], [[900, 751], [400, 251]])


def test_coverage_is_fragments_over_a_base():
    lengths = np.array([1000, 500])
    samples = [sample("one", {(0,): 6, (1,): 2}, fragments(b100=1, b300=1)), sample("two", {(1,): 5})]
    found = coverage(samples, count_samples(samples, lengths), lengths)
    assert found.tolist() == [[6 * 200 / 1000, 0], [2 * 200 / 500, 5 * FRAGMENT_OF_SINGLE_READS / 500]]


def test_mean_fragment():
    assert mean_fragment(fragments(b100=3, b200=1)) == 125
    assert mean_fragment(SINGLE) == FRAGMENT_OF_SINGLE_READS


def test_transcripts_per_million():
    counts, effective = np.array([[10.0, 0], [30, 0]]), np.array([[100.0, 1], [900, 1]])
    np.testing.assert_allclose(per_million(counts, effective), [[750_000, 0], [250_000, 0]])
