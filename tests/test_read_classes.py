"""Which transcripts reads fit: as good alignments as the best one of each mate, in any order, from BAM files."""

import itertools
import re

import numpy as np
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latentseq import read_classes as module
from latentseq.arrays import write_arrays
from latentseq.read_classes import Classes, count_sets, join_classes, read_classes, read_sample
from small_files import alignment, sequences_table, write_alignments

LENGTHS = {"a": 1000, "b": 800, "c": 600}
FIRST, SECOND = 99, 147  # mates of a proper pair, the first forward
FIRST_TURNED, SECOND_TURNED = 83, 163  # the same, the first on the reverse strand
SECONDARY, SUPPLEMENTARY = 256, 2048
PRESET = 2564  # exclude_flags of config/genes.yaml
CONDITIONS = {"sample": "S", "reference": None, "min_identity": 0, "exclude_flags": PRESET, "strand": "unstranded"}
SCORES = [None, -10, 0, 90, 90, 100]


def hit(name, transcript, score=None, *, flag=0, cigar="50M", edits=None, start=10, **fields):
    """A record of a read on a transcript, a letter, with the score that the aligner gave it."""
    tags = [] if score is None else [("AS", score, "i")]
    place = {"reference": "abcd".index(transcript), "tags": tags}
    return alignment(name, cigar, start=start, edits=edits, flag=flag, **place, **fields)


def counted(classes):
    """Reads of each set of transcripts, which is written as the letters of their names."""
    sets = np.split(classes.rows, classes.offsets[1:-1]) if len(classes.counts) else []
    texts = ["".join("abcd"[row] for row in rows) for rows in sets]
    assert len(set(texts)) == len(texts)
    return dict(zip(texts, classes.counts.tolist(), strict=True))


def facts(reads):
    """Facts that are not 0, without the file and its checksum."""
    return {fact: int(value) for fact, value in reads.facts.to_numpy()[2:] if value != "0"}


def mates(reads):
    return counted(Classes.from_arrays(reads.arrays, "mates"))


def fragments(reads):
    return counted(Classes.from_arrays(reads.arrays, "fragments"))


@pytest.fixture
def read(tmp_path):
    """Write records into a BAM (or another file) and read which transcripts they fit."""

    def run(records, *, name="S.bam", lengths=LENGTHS, sort=(), **conditions):
        path = write_alignments(tmp_path / name, lengths, records)
        if sort:
            pysam.sort(*sort, "-o", str(path), str(path), catch_stdout=False)
        return read_classes(path, sequences_table(LENGTHS), **CONDITIONS | conditions)

    return run


def test_only_alignments_as_good_as_the_best_count(read):
    found = read([hit("r1", "a", 90), hit("r1", "b", 100, flag=SECONDARY), hit("r1", "c", 100, flag=SECONDARY)])
    assert mates(found) == fragments(found) == {"bc": 1}
    assert facts(found) == {"records": 3, "used": 3, "secondary_used": 2, "fragments": 1, "of_several": 1}


def test_each_mate_has_its_own_best(read):
    records = [hit("r", "a", 80, flag=FIRST), hit("r", "b", 80, flag=FIRST + SECONDARY)]
    records += [hit("r", "b", 100, flag=SECOND), hit("r", "c", 99, flag=SECOND + SECONDARY)]
    found = read(records)
    assert mates(found) == {"ab": 1, "b": 1}
    assert fragments(found) == {"b": 1}


def test_a_negative_score_of_bowtie2_is_a_score(read):
    assert mates(read([hit("r", "a", -6), hit("r", "b", -12, flag=SECONDARY)])) == {"a": 1}


def test_the_score_counts_more_than_edits(read):
    assert mates(read([hit("r", "a", 90, edits=0), hit("r", "b", 91, edits=5, flag=SECONDARY)])) == {"b": 1}


@pytest.mark.parametrize(
    ("other", "edits", "expected"),
    [
        ("50M", 0, "ab"),
        ("50M", 1, "a"),
        ("1S49M", 0, "a"),
        ("49M1H", 0, "a"),
        ("20M1000N30M", 0, "ab"),
    ],
)
def test_without_score_edits_and_clipped_bases_count(read, other, edits, expected):
    records = [hit("r", "a", edits=0), hit("r", "b", cigar=other, edits=edits, flag=SECONDARY)]
    assert mates(read(records)) == {expected: 1}


def test_clipped_bases_of_both_ends_weigh_as_much_as_edits(read):
    records = [hit("r", "a", cigar="2S46M2S", edits=1), hit("r", "b", cigar="50M", edits=5, flag=SECONDARY)]
    assert mates(read(records)) == {"ab": 1}


def test_without_score_and_edits_all_count_alike_and_it_is_said(read, caplog):
    found = read([hit("r", "a"), hit("r", "b", cigar="10S40M", flag=SECONDARY), hit("q", "a", 7)])
    assert mates(found) == {"ab": 1, "a": 1}
    assert "2 of 3 alignments of sample S have neither a score (AS) nor edits (NM)" in caplog.text


def test_fragments_are_what_both_mates_fit_or_either(read):
    records = [hit("both", name, 1, flag=FIRST) for name in "abc"] + [
        hit("both", name, 1, flag=SECOND) for name in "bc"
    ]
    records += [hit("neither", "b", 1, flag=FIRST), hit("neither", "a", 1, flag=SECOND)]
    records += [hit("first alone", "c", 1, flag=73), hit("second alone", "a", 1, flag=137)]
    found = read(records)
    assert fragments(found) == {"bc": 1, "ab": 1, "c": 1, "a": 1}
    assert mates(found) == {"abc": 1, "bc": 1, "b": 1, "a": 2, "c": 1}
    assert facts(found)["fragments"] == 4
    assert facts(found)["of_several"] == 2


def test_mates_whose_names_end_in_1_and_2_are_one_fragment(read):
    records = [hit("r/1", "a", 1, flag=FIRST), hit("r/2", "a", 1, flag=SECOND), hit("q/3", "a", 1), hit("q/4", "a", 1)]
    assert fragments(read(records)) == {"a": 3}
    assert fragments(read([hit("/1", "a", 1), hit("/2", "a", 1)])) == {"a": 2}


def test_single_reads_are_fragments(read):
    found = read([hit("r1", "a", 1), hit("r2", "a", 1, flag=16), hit("r3", "a", 1), hit("r3", "b", 1, flag=SECONDARY)])
    assert fragments(found) == mates(found) == {"a": 2, "ab": 1}
    assert not found.arrays["fragment_lengths"].any()


def test_two_alignments_to_one_transcript_count_once(read):
    assert mates(read([hit("r", "a", 5), hit("r", "a", 5, start=400, flag=SECONDARY)])) == {"a": 1}


@pytest.mark.parametrize(
    ("strand", "expected"),
    [
        ("unstranded", {"a": 2, "b": 2, "c": 2}),
        ("forward", {"a": 2, "c": 1}),
        ("reverse", {"b": 2, "c": 1}),
    ],
)
def test_strand(read, strand, expected):
    records = [hit("sense", "a", 1, flag=FIRST), hit("sense", "a", 1, flag=SECOND)]
    records += [hit("antisense", "b", 1, flag=FIRST_TURNED), hit("antisense", "b", 1, flag=SECOND_TURNED)]
    records += [hit("single", "c", 1), hit("single turned", "c", 1, flag=16)]
    found = read(records, strand=strand)
    assert mates(found) == expected
    assert facts(found)["used"] == sum(expected.values())
    assert facts(found).get("other_flag", 0) == 6 - sum(expected.values())


def test_excluded_flags_are_counted_by_their_reason(read):
    flags = {"unmapped": 4, "qc_fail": 512, "supplementary": SUPPLEMENTARY, "duplicate": 1024, "secondary": SECONDARY}
    records = [hit(name, "a", 1, flag=flag) for name, flag in flags.items()]
    assert facts(read(records))["used"] == 2
    assert fragments(read(records, exclude_flags=PRESET | 1024)) == {"a": 1}
    found = read([*records, hit("good", "b", 1)], exclude_flags=3844)
    assert facts(found) == {"records": 6, "used": 1, **dict.fromkeys(flags, 1), "fragments": 1}


def test_other_references_say_nothing(read):
    records = [hit("r", "d", 100), hit("r", "a", 90, flag=SECONDARY)]
    found = read(records, lengths=LENGTHS | {"d": 500})
    assert mates(found) == {"a": 1}
    assert facts(found)["other_reference"] == 1


def test_mapping_quality_says_nothing(read):
    assert mates(read([hit("r", "a", 1, mapq=0), hit("r", "b", 1, mapq=0, flag=SECONDARY)])) == {"ab": 1}


def test_identity(read):
    records = [hit("r", "a", 90, edits=3), hit("r", "b", 80, edits=2, flag=SECONDARY)]
    assert mates(read(records, min_identity=0.95)) == {"b": 1}
    assert facts(read(records, min_identity=0.95))["low_identity"] == 1
    with pytest.raises(ValueError, match=r"S\.bam: the read 'q' has no tag NM"):
        read([*records, hit("q", "a", 5)], min_identity=0.95)


def test_lengths_of_fragments_are_those_of_primary_proper_pairs(read):
    records = [hit("r", "a", 1, flag=FIRST), hit("r", "a", 1, flag=SECOND), hit("r", "b", 1, flag=FIRST + SECONDARY)]
    records += [hit("long", "a", 1, flag=FIRST), hit("apart", "a", 1, flag=65)]
    spans = (180, -180, 190, 5000, 170)
    found = read([record | {"span": span} for record, span in zip(records, spans, strict=True)])
    lengths = found.arrays["fragment_lengths"]
    assert np.flatnonzero(lengths).tolist() == [180, module.LONGEST_FRAGMENT] == [180, len(lengths) - 1]
    assert lengths.sum() == 2


def pair(name, transcript, span, **options):
    """Two mates of 50 bases on a transcript, from end to end of the span."""
    return [hit(name, transcript, 1, flag=flag, start=start) for flag, start in ((FIRST, 0), (SECOND, span - 50))]


def test_a_fragment_is_of_the_transcripts_on_which_it_is_as_long_as_others(read):
    """Mates on both sides of a skipped exon fit the transcript with the exon, too."""
    usual = [record for number in range(400) for record in pair(f"r{number}", "c", 180 + number % 40)]
    spans = {"a": 390, "b": 200}
    skipped = [record for name, span in spans.items() for record in pair("skipped", name, span)]
    short = [record for name, span in {"a": 210, "b": 60}.items() for record in pair("short", name, span)]
    alone = pair("alone", "a", 390)
    found = read(usual + skipped + short + alone)
    assert fragments(found) == {"c": 400, "b": 1, "a": 2}
    assert mates(found)["ab"] == 4
    both = [record for name in "ab" for record in pair("both", name, 200)]
    assert fragments(read(usual + both)) == {"c": 400, "ab": 1}


def test_of_two_places_on_a_transcript_the_nearer_one_counts(read):
    usual = [record for number in range(400) for record in pair(f"r{number}", "c", 200)]
    repeat = [
        *pair("repeat", "a", 200),
        hit("repeat", "a", 1, flag=SECOND + SECONDARY, start=700),
        *pair("repeat", "b", 200),
    ]
    assert fragments(read(usual + repeat)) == {"c": 400, "ab": 1}


def many_hits(number, seed):
    """Hits of single reads and pairs, some secondary, some turned, some with a score."""
    random = np.random.default_rng(seed)
    flags = [0, 16, FIRST, SECOND, FIRST_TURNED, SECOND_TURNED]
    return [
        hit(
            f"r{random.integers(number // 4)}",
            str(random.choice(list("abc"))),
            SCORES[random.integers(len(SCORES))],
            flag=int(random.choice(flags)) + SECONDARY * int(random.integers(2)),
            edits=int(random.integers(3)),
            start=int(random.integers(500)),
        )
        for _ in range(number)
    ]


def test_more_hits_than_there_is_room_for(read, monkeypatch):
    records = many_hits(40, seed=1)
    expected = read(records).arrays
    monkeypatch.setattr(module, "ROOM", 2)
    found = read(records)
    assert all(np.array_equal(found.arrays[key], expected[key]) for key in expected)
    assert facts(found)["records"] == 40


@pytest.mark.parametrize("sort", [(), ("-n",), ("-N",)])
def test_the_order_of_records_does_not_matter_nor_the_format(read, sort):
    records = many_hits(200, seed=2)
    expected = read(records).arrays
    orders = [read(records, sort=sort or ("-l", "1")), read(records[::-1]), read(records, name="S.sam")]
    for found in orders:
        assert all(np.array_equal(found.arrays[key], expected[key]) for key in expected)


def test_no_secondary_alignments_are_warned_of(read, caplog):
    read([hit("r", "a", 1), hit("q", "b", 1)])
    assert "sample S has no secondary alignments: one transcript for each read" in caplog.text
    assert re.search(
        r"(?s)Counts of isoforms are those of the one .*Hint: .*minimap2 -N 100 --secondary=yes", caplog.text
    )


def test_secondary_alignments_that_are_worse_are_warned_of_too(read, caplog):
    read([hit("r", "a", 9), hit("r", "b", 1, flag=SECONDARY)])
    assert "sample S has hardly any useful secondary alignments" in caplog.text


def test_mates_on_two_transcripts_are_no_secondary_alignments(read, caplog):
    found = read([hit("r", "a", 9, flag=FIRST), hit("r", "b", 9, flag=SECOND)])
    assert facts(found)["of_several"] == 1
    assert "sample S has no secondary alignments" in caplog.text


@pytest.mark.parametrize("records", [[], [hit("r", "a", 1, flag=4)]])
def test_a_file_without_any_used_alignment(read, caplog, records):
    found = read(records)
    assert mates(found) == fragments(found) == {}
    assert found.arrays["mates_offsets"].tolist() == [0]
    assert "no alignment of sample S is used; it has no reads anywhere" in caplog.text
    assert "secondary" not in caplog.text.split("used; ")[1]


def test_truncated_and_damaged_files_are_refused(read, tmp_path):
    read(many_hits(400, seed=3))
    path = tmp_path / "S.bam"
    content = path.read_bytes()
    for damaged in (content[:-28], content[: len(content) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"S\.bam: the file is truncated"):
            read_classes(path, sequences_table(LENGTHS), **CONDITIONS)


@pytest.mark.parametrize(("offset", "value"), [(0, 5), (4, 9), (20, 255)])
def test_record_that_makes_no_sense(read, tmp_path, offset, value):
    """A wrong block size, reference or number of operations is refused, whether there is room or not."""
    read([hit("first", "a", 1), hit("second", "a", 1), hit("third", "a", 1)])
    path = tmp_path / "S.bam"
    with pysam.BGZFile(str(path)) as file:
        content = bytearray(file.read())
    content[content.index(b"third\0") - 36 + offset] = value
    with pysam.BGZFile(str(path), "wb") as file:
        file.write(bytes(content))
    for room in (2, 4):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "ROOM", room)
            with pytest.raises(ValueError, match=r"S\.bam: the file is damaged, the record of the read '"):
                read_classes(path, sequences_table(LENGTHS), **CONDITIONS)


def test_references_of_other_lengths_are_refused(read):
    with pytest.raises(ValueError, match=r"S\.bam: sequence 'c' has 600 bases .* but 601 in"):
        read([], lengths=LENGTHS | {"c": 601})


def expected_sets(records, strand):
    """Sets of transcripts of mates and of fragments, by brute force."""
    of_reads = {}
    for record in records:
        flag = record["flag"]
        sense = bool(flag & 16) == bool(flag & 128)
        if flag & PRESET or strand == ("reverse" if sense else "forward"):
            continue
        clipped = sum(int(size) for size in re.findall(r"(\d+)[SH]", record["cigar"]))
        score = -record["edits"] - clipped if record["edits"] is not None else 0
        score = next((value for _, value, _ in record["tags"]), score)
        read = of_reads.setdefault(re.sub("(?<=.)/[12]$", "", record["name"]), {})
        read.setdefault(flag & 128, []).append((score, "abc"[record["reference"]]))
    best = [
        [{name for score, name in hits if score == max(hits)[0]} for hits in read.values()]
        for read in of_reads.values()
    ]
    both = [set.intersection(*read) or set.union(*read) for read in best]
    return [tally(itertools.chain(*best)), tally(both)]


def tally(sets):
    texts = sorted("".join(sorted(names)) for names in sets)
    return {text: len(list(same)) for text, same in itertools.groupby(texts)}


HITS = st.builds(
    hit,
    name=st.sampled_from(["r1", "r1/1", "r1/2", "r2", "r3", "r3/2", "x/1", "/1"]),
    transcript=st.sampled_from("abc"),
    score=st.sampled_from(SCORES),
    flag=st.sampled_from([0, 16, 99, 147, 83, 163, 256, 272, 355, 403, 4, 512, 2048 + 64, 1024]),
    cigar=st.sampled_from(["40M", "5S40M", "40M5H", "20M2D18M", "3S40M7S"]),  # all span as much
    edits=st.sampled_from([None, 0, 2, 5]),
)


@given(records=st.lists(HITS, max_size=30), strand=st.sampled_from(module.STRANDS), data=st.data())
@settings(max_examples=60)
def test_sets_are_those_of_brute_force_in_any_order(tmp_path_factory, records, strand, data):
    path = tmp_path_factory.getbasetemp() / "sets.bam"
    options = CONDITIONS | {"strand": strand}
    write_alignments(path, LENGTHS, records)
    found = read_classes(path, sequences_table(LENGTHS), **options)
    assert [mates(found), fragments(found)] == expected_sets(records, strand)
    write_alignments(path, LENGTHS, data.draw(st.permutations(records)))
    again = read_classes(path, sequences_table(LENGTHS), **options).arrays
    assert all(np.array_equal(again[key], found.arrays[key]) for key in again)


def test_arrays_are_read_back_and_their_names_compared(read, tmp_path):
    found = read([hit("r", "a", 1), hit("r", "c", 1, flag=SECONDARY), hit("q", "b", 1)])
    write_arrays(tmp_path / "S.npz", found.arrays)
    sample = read_sample(tmp_path / "S.npz", list("abc"))
    assert (sample.sample, counted(sample.mates), counted(sample.fragments)) == (
        "S",
        {"ac": 1, "b": 1},
        {"ac": 1, "b": 1},
    )
    assert len(sample.fragment_lengths) == module.LONGEST_FRAGMENT + 1
    with pytest.raises(ValueError, match=r"S\.npz: row 2 is 'b', but the table of sequences has 'x' there"):
        read_sample(tmp_path / "S.npz", list("axc"))


def classes_of(sets):
    """Classes of sets of transcripts, one read each."""
    rows = ["abcd".index(name) for names in sets for name in names]
    offsets = np.cumsum([0, *(len(names) for names in sets)])
    return count_sets(offsets.astype(np.int64), np.array(rows, np.int32))


def test_equal_sets_are_counted_together():
    assert counted(classes_of(["ab", "b", "ab", "abd", "b", "b"])) == {"ab": 2, "b": 3, "abd": 1}
    assert counted(classes_of([])) == {}


def test_reads_of_samples_are_added_up():
    joined = join_classes([classes_of(["ab", "b"]), classes_of([]), classes_of(["ab", "ab", "cd"])])
    assert counted(joined) == {"ab": 3, "b": 1, "cd": 1}
    assert joined.sizes.tolist() == [len(rows) for rows in np.split(joined.rows, joined.offsets[1:-1])]
