import re

import pytest
from latentseq.regions import Window, parse_region


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("chr1", Window("chr1", 0, 5000)),
        ("chr1:2,001-3,000", Window("chr1", 2000, 3000)),
        ("chr1:7", Window("chr1", 6, 5000)),
        ("chr1:7-", Window("chr1", 6, 5000)),
        ("chr1:-7", Window("chr1", 0, 7)),
        ("chr1:7-7", Window("chr1", 6, 7)),
        ("HLA:A", Window("HLA:A", 0, 30)),
        ("HLA:A:5-6", Window("HLA:A", 4, 6)),
        ("HLA:A:01", Window("HLA:A:01", 0, 20)),
        ("HLA:A:01:5-6", Window("HLA:A:01", 4, 6)),
        ("HLA:A:02", Window("HLA:A", 1, 30)),
    ],
)
def test_regions(region, expected):
    references = {"chr1": 5000, "HLA:A": 30, "HLA:A:01": 20}
    assert parse_region(region, list(references), list(references.values()), "x.bam") == expected


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("chr01:1-5", "names the reference 'chr01', which x.bam lacks.\nHint: did you mean chr1"),
        ("mito", "names the reference 'mito', which x.bam lacks.\nHint: it has chr1, chr2, c, d, e and 1 more."),
        ("chr1:5-5001", "ends at 5,001, but the reference 'chr1' in x.bam has 5,000 bases.\nHint: `region: chr1:5-`"),
        ("chr1:9-8", "starts at 9, after its end at 8"),
        ("chr1:6000-", "starts at 6,000, after its end at 5,000"),
        ("chr1:0-8", "starts at 0; expected 1 or more.\nHint: positions count from 1"),
        ("chr1:a-b", "has the range 'a-b'; expected chrom:start-end"),
        ("chr1:1-2-3", "has the range '1-2-3'"),
        ("chr1:-", "has the range '-'"),
    ],
)
def test_regions_that_are_none(region, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_region(region, ["chr1", "chr2", "c", "d", "e", "f"], [5000] * 6, "x.bam")


def test_a_header_without_references():
    with pytest.raises(ValueError, match=r"Hint: its header lists no reference"):
        parse_region("chr1", [], [], "x.bam")
