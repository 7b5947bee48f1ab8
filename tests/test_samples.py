import pandas as pd
import pytest
from latentseq.samples import known_samples, list_sources, match_references, read_samples
from latentseq.sheet import MAPPING_PRESETS, read_sheet, reads_of_samples
from small_files import alignment, sequences_table, write_alignments


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working directory with empty files to be named in sheets."""
    monkeypatch.chdir(tmp_path)
    for name in ("1.bam", "2.bam", "1.fna", "2.fna", "1.fq", "2.fq"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def sheet(folder):
    """Write a sample sheet in which spaces stand for tabs."""

    def write(*rows: str) -> str:
        (folder / "samples.tsv").write_text("".join(row.replace(" ", "\t") + "\n" for row in rows))
        return "samples.tsv"

    return write


def test_reads_sheet_and_keeps_other_columns(sheet):
    table = read_samples(sheet("sample bam day", "S1 1.bam 3", "S2 2.bam NA"))
    expected = {"sample": ["S1", "S2"], "bam": ["1.bam", "2.bam"], "day": ["3", "NA"]}
    expected |= {column: ["", ""] for column in ("fasta", "reads1", "reads2", "preset", "condition")}
    assert table.to_dict("list") == expected


def test_a_sheet_may_mix_alignments_and_reads(sheet):
    path = sheet(
        *("sample bam reads1 reads2 preset", "S1 1.bam", "S2  1.fq 2.fq", "S3  1.fq", "S4  2.fq  ont", "S5  2.fq  hifi")
    )
    assert reads_of_samples(path, read_sheet(path), "short") == {
        "S2": {"files": ["1.fq", "2.fq"], "preset": "short"},
        "S3": {"files": ["1.fq"], "preset": "short"},
        "S4": {"files": ["2.fq"], "preset": "ont"},
        "S5": {"files": ["2.fq"], "preset": "hifi"},
    }
    assert read_samples(path)["reads1"].tolist() == ["", "1.fq", "1.fq", "2.fq", "2.fq"]


def test_the_preset_of_the_settings_holds_where_the_sheet_names_none(sheet):
    path = sheet("sample reads1 preset", "S1 1.fq", "S2 2.fq short")
    presets = {sample: reads["preset"] for sample, reads in reads_of_samples(path, read_sheet(path), "hifi").items()}
    assert presets == {"S1": "hifi", "S2": "short"}


@pytest.mark.parametrize("preset", MAPPING_PRESETS[1:])
def test_long_reads_have_no_second_mates(sheet, preset):
    path = sheet("sample reads1 reads2 preset", f"S1 1.fq 2.fq {preset}")
    message = rf"samples\.tsv, row 1 \(sample S1\): reads2 \(2\.fq\) is given, but the preset is {preset}.*Hint: "
    with pytest.raises(ValueError, match="(?s)" + message):
        reads_of_samples(path, read_sheet(path), "short")
    path = sheet("sample reads1 reads2", "S1 1.fq 2.fq")
    with pytest.raises(ValueError, match="(?s)" + message):
        reads_of_samples(path, read_sheet(path), preset)


def test_bam_may_be_absent_for_all(sheet):
    assert read_samples(sheet("sample fasta", "S1 1.fna", "S2 2.fna"))["bam"].tolist() == ["", ""]
    assert read_samples(sheet("sample bam fasta", "S1  1.fna", "S2  2.fna"))["bam"].tolist() == ["", ""]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "samples.tsv: the table is empty"),
        (["sample bam"], "samples.tsv: the sample sheet has a header and no row.*Hint: write one row"),
        (["name bam", "S1 1.bam"], "samples.tsv: column 'sample' is missing; found name, bam"),
        (["sample reads", "S1 1.bam"], "samples.tsv: column 'bam' is missing; found sample, reads.*Hint: "),
        (
            ["sample bam", "S1 1.bam", "S2 2.bam", "S1 2.bam"],
            "samples.tsv: sample 'S1' stands in rows 1 and 3.*Hint: merge",
        ),
        (
            ["sample bam", "S1 1.bam", "S2 no/3.bam"],
            r"row 2 \(S2\), column bam: no/3.bam: no such.*Hint: ",
        ),
        (["sample fasta", "S1 no.fna"], r"row 1 \(S1\), column fasta: no.fna: no such file"),
        (["sample bam", "S1 1.bam", "S2"], "sample 'S2' has no bam and no reads, others have.*Hint: "),
        (["sample reads1", "S1", "S2 1.fq"], "sample 'S1' has no bam and no reads, others have.*Hint: "),
        (["sample reads2", "S1 1.fq"], "column 'bam' is missing; found sample, reads2.*Hint: .*reads1 and reads2"),
        (
            ["sample bam reads1", "S1 1.bam", "S2 2.bam 1.fq"],
            r"row 2 \(sample S2\): both bam \(2.bam\) and reads \(1.fq\) are given.*Hint: ",
        ),
        (["sample bam reads2", "S1 1.bam 2.fq"], r"both bam \(1.bam\) and reads \(2.fq\)"),
        (
            ["sample reads1 reads2", "S1 1.fq", "S2  2.fq"],
            r"row 2 \(sample S2\): reads2 \(2.fq\) is given without reads1.*Hint: a single file",
        ),
        (["sample reads1 reads2", "S1 1.fq 1.fq"], r"row 1 .*reads1 and reads2 are the same file, 1.fq.*Hint: "),
        (["sample reads1 preset", "S1 1.fq sr"], "row 1 .*preset is 'sr'; expected short, ont, hifi.*Hint: "),
        (["sample reads1", "S1 3.fq"], r"row 1 \(S1\), column reads1: 3.fq: no such file"),
        (["sample bam", "../S1 1.bam"], r"samples.tsv, row 1: sample name '\.\./S1' cannot be used"),
        (["sample bam", " 1.bam"], "samples.tsv, row 1: sample name '' cannot be used"),
    ],
)
def test_refused_sheet(sheet, rows, message):
    with pytest.raises(ValueError, match="(?s)" + message):
        read_samples(sheet(*rows))


def test_missing_sheet():
    with pytest.raises(ValueError, match=r"nothing\.tsv: no such file"):
        read_samples("nothing.tsv")


def test_known_samples_come_from_the_sheet_or_the_depth_table(sheet, folder):
    (folder / "depth.tsv").write_text("contig\tA\tB\nc1\t1\t2\n")
    assert known_samples(sheet("sample bam", "S1 1.bam"), None) == ["S1"]
    assert known_samples(None, "depth.tsv") == ["A", "B"]
    assert known_samples(None, None) == []


def test_sources_of_the_config_and_of_the_sheet(sheet):
    assert list_sources("1.fna", None) == [("1.fna", None)]
    path = sheet("sample bam fasta", "S1 1.bam 2.fna", "S2 2.bam")
    assert list_sources(["1.fna"], path) == [("1.fna", None), ("2.fna", "S1")]
    assert list_sources(None, path) == [("2.fna", "S1")]


def test_no_source_and_a_source_twice(sheet):
    with pytest.raises(ValueError, match=r"(?s)no file of sequences.*Hint: name it under `sequences`"):
        list_sources([], sheet("sample bam", "S1 1.bam"))
    with pytest.raises(ValueError, match=r"(?s)1\.fna: the file is listed twice.*Hint: a co-assembly"):
        list_sources(None, sheet("sample fasta", "S1 1.fna", "S2 1.fna"))


def test_references_of_every_sample_are_matched(folder):
    for name in ("1.bam", "2.bam"):
        write_alignments(folder / name, {"c1": 100, "c2": 50}, [alignment("r", "10M", start=0)])
    samples = pd.DataFrame({"sample": ["S1", "S2"], "bam": ["1.bam", "2.bam"]})
    assert match_references(samples, sequences_table({"c1": 100}), None).to_dict("list") == {
        "sample": ["S1", "S2"],
        "file": ["1.bam", "2.bam"],
        "references": [2, 2],
        "matched": [1, 1],
        "not_kept": [1, 1],
    }
    write_alignments(folder / "2.bam", {"c1": 99}, [])
    with pytest.raises(ValueError, match=r"2\.bam: sequence 'c1' has 100 bases .* but 99"):
        match_references(samples, sequences_table({"c1": 100}), None)


def test_no_alignments_to_match():
    samples = pd.DataFrame({"sample": ["S1"], "bam": [""]})
    assert match_references(samples, sequences_table({"c1": 100}), None).empty


def test_cram_without_reference_is_found_before_any_long_job(folder):
    letters = "ACGGT" * 40
    (folder / "reference.fa").write_text(f">c1\n{letters}\n")
    records = [alignment("r", "50M", start=5, bases=letters[5:55])]
    write_alignments(folder / "S1.cram", {"c1": 200}, records, reference_filename="reference.fa")
    (folder / "reference.fa").rename(folder / "moved.fa")
    samples = pd.DataFrame({"sample": ["S1"], "bam": ["S1.cram"]})
    with pytest.raises(ValueError, match=r"(?s)S1\.cram: the CRAM cannot be decoded without the reference.*Hint: "):
        match_references(samples, sequences_table({"c1": 200}), None)
    assert match_references(samples, sequences_table({"c1": 200}), "moved.fa")["matched"].tolist() == [1]
