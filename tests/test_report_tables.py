import pandas as pd
from latentseq.report_tables import alignment_table, bins_table, evaluation_table, plain_table


def test_tables_know_numbers_from_text():
    table = plain_table(pd.DataFrame({"a": ["1000", ""], "b": ["1000", "x"], "sha256": ["12", "13"]}))
    assert [column.kind for column in table.columns] == ["number", "text", "hash"]
    assert [cell.text for cell in table.rows[0]] == ["1,000", "1000", "12"]
    assert (table.rows[1][0].text, table.rows[1][0].order) == ("-", "")


def test_bins_of_a_co_assembly_have_no_column_of_samples():
    bins = pd.DataFrame({"bin": ["bin_1"], "cluster": "1", "sample": "", "contigs": "3", "bases": "309000"})
    bins = bins.assign(n50="300000", gc="0.5", support="nan", depth_S1="2")
    table = bins_table(bins)
    headings = [column.heading for column in table.columns]
    assert headings == ["bin", "contigs", "size", "N50", "GC", "support", "depth S1"]
    assert [cell.text for cell in table.rows[0]] == ["bin_1", "3", "309 kb", "300 kb", "50.0 %", "-", "2.00"]


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
