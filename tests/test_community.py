from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest
from latentseq import community as com
from latentseq.simulated_reads import (
    READ_LENGTH,
    ContigPlaces,
    choose_contigs,
    project,
    related_places,
    sample_reads,
    write_bams,
)

TABLE = Path(__file__).parents[1] / "resources" / "genome_composition.tsv"


@pytest.fixture(scope="session")
def compositions():
    return com.read_compositions(TABLE)


@pytest.fixture
def tiny(compositions, monkeypatch):
    monkeypatch.setattr(com, "GENOME_LENGTHS", (30_000, 40_000))
    return com.simulate_community(compositions, seed=5, genomes=5, relatives=2, samples=3, mean_depth=4)


def write_all(community, folder):
    bams = [folder / "bam" / f"{sample}.bam" for sample in community.samples]
    com.write_contigs(community, folder / "contigs.fna.gz")
    write_bams(community, bams)
    com.write_labels(community, folder / "labels.tsv")
    com.write_genomes(community, folder / "genomes.tsv")
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def read_contigs(path):
    with pysam.FastxFile(str(path)) as file:
        return {record.name: record.sequence for record in file}


def tetramer_shares(codes):
    kmers = codes[:-3] * np.int64(64) + codes[1:-2] * np.int64(16) + codes[2:-1] * np.int64(4) + codes[3:]
    return np.bincount(kmers, minlength=256) / len(kmers)


def canonical_kmers(codes, k=21):
    text = com.LETTERS[codes].tobytes().decode()
    other = com.LETTERS[3 - codes[::-1]].tobytes().decode()
    last = len(text) - k
    return {min(text[i : i + k], other[last - i : last - i + k]) for i in range(last + 1)}


def test_same_seed_gives_the_same_bytes_and_another_seed_others(compositions, monkeypatch, tmp_path):
    monkeypatch.setattr(com, "GENOME_LENGTHS", (20_000, 25_000))
    first, again, other = (
        write_all(com.simulate_community(compositions, seed, 4, 1, 2, 4.0), tmp_path / name)
        for seed, name in [(1, "first"), (1, "again"), (2, "other")]
    )
    assert sorted(first) == [
        "bam/S1.bam",
        "bam/S2.bam",
        "contigs.fna.gz",
        "genomes.tsv",
        "labels.tsv",
    ]
    assert again == first
    assert [name for name in first if other[name] == first[name]] == []


def test_table_holds_at_least_twelve_genomes_with_their_sources(compositions):
    assert len(compositions) >= 12
    assert {composition.counts.shape for composition in compositions} == {(4, 256)}
    table = pd.read_csv(TABLE, sep="\t")
    assert table["source"].str.fullmatch(r"([A-Z]{2}_?\w+(\.\d)? ?)+").all()
    assert TABLE.stat().st_size < 300_000


def test_composition_is_nearest_to_its_own_row(compositions):
    rows = np.stack([composition.counts.sum(axis=0) for composition in compositions])
    shares = rows / rows.sum(axis=1, keepdims=True)
    rng = np.random.default_rng(1)
    for own, composition in enumerate(compositions):
        found = tetramer_shares(com.generate_sequence(composition, 200_000, rng))
        assert np.argmin(abs(shares - found).sum(axis=1)) == own, composition.name


def test_composition_varies_along_a_genome_as_its_states_do():
    counts = np.ones((2, 256), dtype=np.int64)
    of_gc = np.array([sum(letter in "GC" for letter in kmer) for kmer in com.KMERS])
    counts[0] += 100 * 4**of_gc
    counts[1] += 100 * 4 ** (4 - of_gc)
    composition = com.Composition("two", counts, np.array([3, 1]))
    codes = com.generate_sequence(composition, 100 * com.BLOCK, np.random.default_rng(0))
    gc = np.isin(codes, [1, 2]).reshape(100, com.BLOCK).mean(axis=1)
    assert set(gc.round(1)) == {0.8, 0.2}
    assert (gc > 0.5).mean() == pytest.approx(0.75, abs=0.1)


def test_sequence_follows_the_transitions_of_its_state():
    counts = np.zeros((1, 256), dtype=np.int64)
    counts[0, [com.KMERS.index(kmer) for kmer in ("ACGT", "CGTA", "GTAC", "TACG")]] = 10**9
    codes = com.generate_sequence(com.Composition("ring", counts, np.array([1])), 400, np.random.default_rng(0))
    text = com.LETTERS[codes].tobytes().decode()
    assert text in "ACGT" * 102


def test_too_few_compositions_are_named(compositions):
    with pytest.raises(ValueError, match=r"5 genomes with 1 relatives need 4 compositions, .* has 3 compositions"):
        com.simulate_community(compositions[:3], 1, genomes=5, relatives=1)


def test_table_with_a_word_for_a_count(tmp_path):
    path = tmp_path / "table.tsv"
    path.write_text("\t".join(["genome", "windows", *com.KMERS]) + "\n" + "\t".join(["g", "3", *["many"] * 256]))
    with pytest.raises(ValueError, match=r"table.tsv: expected whole numbers .*'many'"):
        com.read_compositions(path)


def test_substitutions_replace_the_stated_share_and_keep_the_composition():
    rng = np.random.default_rng(3)
    codes = rng.choice(4, 200_000, p=[0.35, 0.15, 0.15, 0.35]).astype(np.uint8)
    changed = com.substitute(codes, 0.05, rng)
    assert (changed != codes).mean() == pytest.approx(0.05, abs=0.003)
    assert np.isin(changed, [1, 2]).mean() == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("divergence", [0.03, 0.06])
def test_relative_has_the_identity_it_claims(compositions, divergence):
    rng = np.random.default_rng(7)
    parent = com.Genome("parent", com.generate_sequence(compositions[0], 60_000, rng))
    relative = com.evolve_relative(parent, compositions[1], divergence, rng)
    kept = relative.origin >= 0
    assert (~kept).mean() == pytest.approx(0.12, abs=0.03)
    shared = len(canonical_kmers(relative.codes) & canonical_kmers(parent.codes)) / len(parent.codes)
    assert shared == pytest.approx(kept.mean() * (1 - divergence) ** 21, rel=0.1)
    falls = np.r_[relative.origin[1:] < relative.origin[:-1], False]
    source = parent.codes[relative.origin]
    differs = np.where(falls, 3 - source, source) != relative.codes
    assert differs[kept].mean() == pytest.approx(divergence, abs=0.005)


def test_every_genome_can_be_assembled_somewhere_and_some_are_absent_somewhere():
    depth = com.draw_depths(200, 4, 5.0, np.random.default_rng(0))
    assert depth.max(axis=1).min() >= com.LEAST_DEPTH * 0.999
    assert depth.max() <= com.LARGEST_DEPTH
    assert set((depth == 0).sum(axis=1)) == {0, 1, 2}


def test_contigs_grow_with_depth_and_do_not_overlap():
    rng = np.random.default_rng(0)
    assert list(com.cut_contigs(100_000, 2.0, rng)) == []
    shallow, deep = (np.array(list(com.cut_contigs(2_000_000, depth, rng))) for depth in (3.0, 15.0))
    for contigs in (shallow, deep):
        assert (contigs[1:, 0] >= contigs[:-1, 1]).all()
        assert (contigs[:, 1] - contigs[:, 0]).min() >= com.SHORTEST_CONTIG
    assert np.median(np.ptp(deep, axis=1)) > 2 * np.median(np.ptp(shallow, axis=1))


def test_default_community_offers_twelve_genomes_to_recover(compositions):
    community = com.simulate_community(compositions, seed=1)
    lengths = np.array([len(genome.codes) for genome in community.genomes])
    assembled = np.zeros((12, 4))
    for contig in community.contigs:
        assembled[contig.genome, contig.sample] += (contig.end - contig.start) * (contig.end - contig.start >= 2000)
    recoverable = (assembled >= 200_000) & (assembled >= lengths[:, None] / 2)
    assert recoverable.any(axis=1).sum() == 12
    assert [genome.relative_of != "" for genome in community.genomes] == [False] * 10 + [True] * 2


def test_files_agree_with_each_other(tiny, tmp_path):
    write_all(tiny, tmp_path)
    contigs = read_contigs(tmp_path / "contigs.fna.gz")
    assert (tmp_path / "contigs.fna.gz").read_bytes()[:8] == b"\x1f\x8b\x08\0\0\0\0\0"  # no name, no time
    assert list(contigs) == [contig.name for contig in tiny.contigs]
    labels = pd.read_csv(tmp_path / "labels.tsv", sep="\t")
    assert labels["sequence"].tolist() == list(contigs)
    genomes = pd.read_csv(tmp_path / "genomes.tsv", sep="\t", keep_default_na=False)
    assert set(labels["label"]) <= set(genomes["genome"])
    assert genomes["relative_of"].tolist() == ["", "", "", *genomes["genome"][:2]]
    for sample in tiny.samples:
        with pysam.AlignmentFile(tmp_path / "bam" / f"{sample}.bam") as bam:
            assert dict(zip(bam.references, bam.lengths, strict=True)) == {
                name: len(sequence) for name, sequence in contigs.items()
            }


def test_records_say_what_their_bases_say(tiny, tmp_path):
    write_all(tiny, tmp_path)
    contigs = read_contigs(tmp_path / "contigs.fna.gz")
    with pysam.AlignmentFile(tmp_path / "bam" / "S2.bam") as bam:
        records = list(bam)
    mapped = [record for record in records if not record.is_unmapped]
    primary = [record for record in mapped if not record.is_secondary]
    for record in primary:
        reference = contigs[record.reference_name][record.reference_start : record.reference_end]
        found = sum(a != b for a, b in zip(record.query_sequence, reference, strict=True))
        assert record.get_tag("NM") == found
    places = [(record.reference_id, record.reference_start) for record in mapped]
    assert places == sorted(places)
    assert 0 < len(records) - len(mapped) < len(records) / 10
    assert 0 < len(mapped) - len(primary) < len(records) / 5
    identities = 1 - np.array([record.get_tag("NM") for record in primary]) / READ_LENGTH
    assert 0.01 < (identities < 0.95).mean() < 0.1
    assert np.median(identities) > 0.99


def test_mates_point_at_each_other(tiny, tmp_path):
    write_all(tiny, tmp_path)
    mates = {}
    with pysam.AlignmentFile(tmp_path / "bam" / "S1.bam") as bam:
        for record in bam:
            if not record.is_secondary:
                mates.setdefault(record.query_name, []).append(record)
    assert {len(pair) for pair in mates.values()} == {2}
    for a, b in mates.values():
        assert a.is_read1 != b.is_read1
        assert (a.next_reference_id, a.next_reference_start) == (b.reference_id, b.reference_start)
        assert (a.mate_is_reverse, a.mate_is_unmapped) == (b.is_reverse, b.is_unmapped)
        assert a.template_length == -b.template_length
        if a.is_proper_pair:
            ends = [a.reference_start, b.reference_start, a.reference_end, b.reference_end]
            assert abs(a.template_length) == max(ends) - min(ends)


def test_depth_on_contigs_is_that_of_their_genome(compositions):
    genome = com.Genome("one", com.generate_sequence(compositions[0], 100_000, np.random.default_rng(0)))
    contig = com.Contig("S1C1", 0, 0, 20_000, 80_000, True)
    community = com.Community([genome], ["S1"], np.array([[20.0]]), [contig], seed=0)
    reads = sample_reads(community, ContigPlaces(community), 0)
    depth = (reads.contig == 0).sum() * READ_LENGTH / 60_000
    assert depth == pytest.approx(20, rel=0.15)


def test_a_read_without_a_contig_of_its_own_goes_to_the_relative(tiny):
    parent, relative = tiny.genomes[0], tiny.genomes[3]
    own = com.Contig("S1C1", 0, 0, 0, len(parent.codes), False)
    depth = np.zeros((5, 1))
    depth[3] = 5.0
    community = replace(tiny, samples=["S1"], contigs=[own], depth=depth)
    places = ContigPlaces(community)
    reads = sample_reads(community, places, 0)
    placed = reads.contig == 0
    # reads over foreign segments and joints have no place in the parent
    assert (relative.origin >= 0).mean() - 0.15 < placed.mean() < (relative.origin >= 0).mean() + 0.05
    wrong = places.mismatches(reads.contig[placed], reads.start[placed], reads.codes[placed]) / READ_LENGTH
    assert wrong.mean() == pytest.approx(relative.divergence + 0.005 + 0.002, abs=0.01)


def test_places_in_a_relative_lead_there_and_back(tiny):
    [(number, to_relative)] = related_places(tiny, 0)
    [(back, to_parent)] = related_places(tiny, 3)
    assert (number, back) == (3, 0)
    kept = np.flatnonzero(to_relative >= 0)
    assert (to_parent[to_relative[kept]] == kept).all()


def test_project_over_joints_and_inversions():
    place = np.r_[np.arange(1000, 1200), np.arange(399, 199, -1), np.full(200, -1)]
    found, inverted = project(np.array([0, 50, 51, 200, 250, 300]), place)
    assert found.tolist() == [1000, 1050, -1, 250, 200, -1]
    assert inverted[[0, 3]].tolist() == [False, True]


def test_mates_prefer_one_assembly():
    holding = np.tile([10, 20, 30], (2000, 1))
    holding[1::2, 0] = -1
    contig, other = choose_contigs(holding, np.random.default_rng(0))
    same = contig[::2] == contig[1::2]
    assert same.mean() == pytest.approx(2 / 3, abs=0.05)
    assert (contig != other).all()
    assert set(other[1::2]) == {20, 30}
