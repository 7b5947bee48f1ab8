from pathlib import Path

import numpy as np
import pandas as pd
from latentseq.report_tables import (
    FIDELITY,
    alignment_table,
    assignment_table,
    evaluation_table,
    fidelity_table,
    insertion_table,
    plain_table,
    share_table,
)


def test_tables_know_numbers_from_text():
    table = plain_table(pd.DataFrame({"a": ["1000", ""], "b": ["1000", "x"], "sha256": ["12", "13"]}))
    assert [column.kind for column in table.columns] == ["number", "text", "hash"]
    assert [cell.text for cell in table.rows[0]] == ["1,000", "1000", "12"]
    assert (table.rows[1][0].text, table.rows[1][0].order) == ("-", "")


def test_alignments_have_a_row_a_sample():
    first = pd.DataFrame({"fact": ["records", "used"], "value": ["1000", "900"]})
    table = alignment_table({"S1": first, "S2": first[:1]})
    assert [column.heading for column in table.columns] == ["sample", "records", "used"]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["S1", "1,000", "900"],
        ["S2", "1,000", "-"],
    ]
    assert alignment_table({}) is None


def test_evaluation_has_a_column_a_run_and_says_what_it_means():
    measures = pd.DataFrame({"measure": ["ari", "near_complete"], "main": ["0.91234", "12"], "pca": ["", "9"]})
    rows = [[cell.text for cell in row] for row in evaluation_table(measures).rows]
    assert rows[0] == ["ari", "0.912", "-", "adjusted Rand index; 1 is perfect, 0 is chance"]
    assert rows[1][:3] == ["near_complete", "12", "9"]


def test_fidelity_says_what_a_measure_means():
    fidelity = pd.DataFrame({"measure": ["correlation of column means"], "generated": "0.98765", "yardstick": ""})
    (row,) = fidelity_table(fidelity).rows
    assert [cell.text for cell in row[:3]] == ["correlation of column means", "0.988", "-"]
    assert row[3].text.endswith("1 is perfect")


def test_every_measure_of_fidelity_has_a_meaning():
    source = (Path(__file__).parents[1] / "scripts" / "latentseq" / "fidelity.py").read_text()
    for measure in FIDELITY:
        assert measure in source or measure.removeprefix("correlation of ") in source


def test_newcomers_of_many_are_cut_after_those_of_no_cluster(monkeypatch):
    monkeypatch.setattr("latentseq.report_tables.MOST_ASSIGNED", 2)
    assignments = pd.DataFrame({"sequence": list("abc"), "cluster": ["1", "2", ""], "support": ["0.9", "0.4", "1"]})
    table = assignment_table(assignments.assign(nearest_cluster="1", reason=["", "", "far"]))
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["c", "none", "1.00", "1", "far"],
        ["b", "2", "0.400", "1", ""],
    ]


def test_shares_are_of_reads_and_of_each_sample():
    clusters = pd.DataFrame({"sequence": list("abc"), "cluster": ["1", "2", ""]})
    reads = pd.DataFrame({"sequence": list("aabc"), "sample": ["S1", "S2", "S1", "S2"], "count": list("1531")})
    table = share_table(clusters, np.array([6, 3, 1]), reads)
    headings = [column.heading for column in table.columns]
    assert headings == ["cluster", "share of reads", "reads", "different rows", "share in S1", "share in S2"]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["1", "60.0 %", "6", "1", "25.0 %", "83.3 %"],
        ["2", "30.0 %", "3", "1", "75.0 %", "0.0 %"],
        ["none", "10.0 %", "1", "1", "0.0 %", "16.7 %"],
    ]


def test_rare_insertions_are_left_out():
    insertions = pd.DataFrame({"position": ["9", "1200", "7"], "bases": ["A", "C", "G"], "reads": ["1", "20", "40"]})
    rows = insertion_table(insertions.assign(share=["0.001", "0.2", "0.4"])).rows
    assert [[cell.text for cell in row] for row in rows] == [["7", "G", "40", "40.0 %"], ["1,200", "C", "20", "20.0 %"]]
