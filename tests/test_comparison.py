import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from compared_runs import LENGTHS, compared, comparison
from hypothesis import given, settings
from hypothesis import strategies as st
from latentseq.comparison import (
    agreement,
    agreement_table,
    agreement_weights,
    comparison_table,
    differing_settings,
    partition,
    read_comparison,
)
from latentseq.comparison_words import describe_comparison, describe_losses, format_ari, key_figures, listed
from latentseq.tables import read_table, write_table
from sklearn.metrics import adjusted_rand_score
from small_files import sequences_table


def test_settings_that_differ_are_found_at_any_depth():
    base = {"seed": 1, "vae": {"n_latent": 32, "weights": {"abundance": None}}, "products": ["bins"]}
    wide = {"seed": 1, "vae": {"n_latent": 64, "weights": {"abundance": 0.5}}, "products": []}
    assert differing_settings([base, wide, base]) == {
        "vae.n_latent": ["32", "64", "32"],
        "vae.weights.abundance": ["null", "0.5", "null"],
        "products": ['["bins"]', "[]", '["bins"]'],
    }
    assert differing_settings([base, base]) == {}


def test_a_setting_that_a_run_does_not_know_is_empty():
    assert differing_settings([{"seed": 1}, {"seed": 1, "vae": {"free_bits": 0}}]) == {"vae.free_bits": ["", "0"]}


def test_a_setting_stays_on_its_line_of_the_table(tmp_path):
    runs = [compared("main", "1111", settings={"seed": "a\tb"}), compared("other", "1111", settings={"seed": 1})]
    write_table(comparison_table(comparison(*runs)), tmp_path / "compare.tsv")
    assert list(read_table(tmp_path / "compare.tsv")["seed"]) == ['"a\\tb"', "1"]


def test_runs_are_measured_in_one_row_each():
    history = pd.DataFrame({"epoch": ["1", "2", "3"], "loss": ["3", "1.5", "2"], "held_out_loss": ["3", "2.5", "2.75"]})
    bins = pd.DataFrame({"bin": ["1"], "cluster": ["1"], "bases": ["7000"]})
    runs = [
        compared(
            "main",
            ["1", "1", "2", ""],
            support=[1, 0.5, 0.75, np.nan],
            bins=bins,
            history=history.assign(seconds=["0.5", "0.25", "0.5"]),
            settings={"seed": 1},
        ),
        compared("pca", ["", "", "", ""], settings={"seed": 2}, support=np.nan),
    ]
    evaluation = pd.DataFrame({"measure": ["clusters", "ari"], "main": ["2", "0.9"], "pca": ["0", ""]})
    table = comparison_table(comparison(*runs, evaluation=evaluation))
    main, pca = (dict(row) for _, row in table.iterrows())
    assert main == {
        "run": "main",
        "seed": "1",
        "epochs": "3",
        "seconds": "1.25",
        "last_loss": "2",
        "best_loss": "1.5",
        "last_held_out_loss": "2.75",
        "best_held_out_loss": "2.5",
        "clusters": "2",
        "clusters_of_one": "1",
        "median_support": "0.75",
        "sequences_clustered": "0.75",
        "bases_clustered": "0.9",
        "bins": "1",
        "bases_in_bins": "0.7",
        "clusters_scored": "2",
        "ari": "0.9",
    }
    assert {name for name, value in pca.items() if value} == {
        *("run", "seed", "clusters", "clusters_of_one", "sequences_clustered", "bases_clustered", "clusters_scored"),
    }
    assert pca["bases_clustered"] == "0"


def test_measures_that_no_run_has_are_left_out():
    table = comparison_table(comparison(compared("main", "1122"), compared("other", "1222")))
    assert {"bins", "last_loss", "ari"}.isdisjoint(table.columns)
    assert list(table["clusters"]) == ["2", "2"]


def test_agreement_is_the_adjusted_rand_index():
    runs = [compared("one", "1122"), compared("two", "xxyy"), compared("three", "1212")]
    ari = agreement(runs, np.ones(4))
    assert ari[0].tolist() == pytest.approx([1, 1, adjusted_rand_score([1, 1, 2, 2], [1, 2, 1, 2])])
    assert ari.tolist() == ari.T.tolist()


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("12345"), st.sampled_from("123")), min_size=2, max_size=30))
def test_agreement_is_that_of_scikit_learn(pairs):
    lengths = {f"s{row}": 1000 for row in range(len(pairs))}
    first, second = zip(*pairs, strict=True)
    ari = agreement(
        [compared("one", first, lengths=lengths), compared("two", second, lengths=lengths)], np.ones(len(pairs))
    )
    assert ari[0, 1] == pytest.approx(adjusted_rand_score(first, second))


def test_a_sequence_in_no_cluster_is_a_cluster_of_its_own():
    clusters = pd.Series(["x", "", "x", "", "y"])
    codes = partition(clusters)
    assert [codes[a] == codes[b] for a, b in itertools.combinations(range(5), 2)] == [
        *(False, True, False, False),
        *(False, False, False),
        *(False, False),
        False,
    ]
    few = agreement([compared("all", "1122"), compared("few", ["1", "1", "", ""])], np.ones(4))
    assert few[0, 1] == pytest.approx(adjusted_rand_score([1, 1, 2, 2], [1, 1, 2, 3]))
    assert few[0, 1] < 1


def test_agreement_by_bases_listens_to_the_long():
    runs = [compared("one", "1122"), compared("long", "1112"), compared("short", "1123")]
    made = comparison(*runs)
    weights = agreement_weights(made)
    assert weights.tolist() == [4, 3, 2, 1]
    assert agreement(runs, weights)[0, 2] > agreement(runs, np.ones(4))[0, 2]


def test_nothing_is_weighted_where_all_count_the_same():
    equal = dict.fromkeys("abcd", 2000)
    assert agreement_weights(comparison(compared("one", "1122"), compared("two", "1122"), lengths=equal)) is None
    of_table = {"encode": {"method": "table"}}
    rows = comparison(compared("one", "1122", settings=of_table), compared("two", "1122", settings=of_table))
    assert agreement_weights(rows) is None


def test_the_table_of_agreement_takes_a_run_called_run(tmp_path):
    write_table(agreement_table(["run", "main"], np.array([[1, 0.25], [0.25, 1]])), tmp_path / "agreement.tsv")
    assert (tmp_path / "agreement.tsv").read_text() == "run\trun\tmain\nrun\t1\t0.25\nmain\t0.25\t1\n"


def save(table, path):
    write_table(table, path)
    return str(path)


def files_of_runs(folder: Path):
    """Two runs, the second without history and bins, given in another order than that of the runs."""
    sequences = sequences_table(LENGTHS)
    history = pd.DataFrame({"epoch": ["1"], "loss": ["2"], "seconds": ["3"]})
    given = {"sequences": save(sequences, folder / "input/sequences.tsv"), "settings": [], "clusters": [], "maps": []}
    for run, seed in (("pca", 2), ("main", 1)):
        clusters = pd.DataFrame({"sequence": list("abcd"), "cluster": list("1122"), "support": "1"})
        given["clusters"].append(save(clusters, folder / run / "clusters.tsv"))
        places = pd.DataFrame({"sequence": list("abcd"), "x": "1.5", "y": [str(seed)] * 4})
        given["maps"].append(save(places, folder / run / "map.tsv"))
        (folder / run / "run.yaml").write_text(
            yaml.safe_dump({"seed": seed, "runs": {run: {}}, "provenance": {"run": run, "versions": {"numpy": seed}}})
        )
        given["settings"].append(str(folder / run / "run.yaml"))
    given["histories"] = [save(history, folder / "main/history.tsv")]
    given["bins"] = [save(pd.DataFrame({"cluster": ["1"], "bases": ["7000"]}), folder / "main/bins.tsv")]
    return given


def test_files_are_of_the_run_whose_folder_they_lie_in(tmp_path):
    made = read_comparison(dataset="soil", runs=["main", "pca"], **files_of_runs(tmp_path))
    main, pca = made.runs
    assert made.names == ["main", "pca"]
    assert (main.settings, pca.settings) == ({"seed": 1}, {"seed": 2})
    assert main.places.tolist() == [[1.5, 1.0]] * 4
    assert main.bins is not None
    assert main.history is not None
    assert pca.bins is None
    assert pca.history is None
    assert made.evaluation is None
    assert made.job == "kmer"


def test_a_map_of_other_sequences_is_refused(tmp_path):
    given = files_of_runs(tmp_path)
    write_table(pd.DataFrame({"sequence": list("abxd"), "x": "0", "y": "0"}), tmp_path / "pca/map.tsv")
    with pytest.raises(ValueError, match=r"pca/map\.tsv: row 3 is 'x', but sequences\.tsv has 'c' there"):
        read_comparison(dataset="soil", runs=["main", "pca"], **given)


def sentences(*runs, evaluation=None):
    made = comparison(*runs, evaluation=evaluation)
    differing = list(differing_settings([run.settings for run in runs]))
    ari = agreement(made.runs, np.ones(4))
    table = comparison_table(made)
    return describe_comparison(made, table, differing, ari), key_figures(made, table, differing, ari)


def test_the_page_says_what_differs_who_agrees_and_which_is_best():
    runs = [compared("main", "1122", settings={"seed": 1, "vae": {"n_latent": 8}})]
    runs += [compared("wide", "1122", settings={"seed": 1, "vae": {"n_latent": 64}})]
    runs += [compared("other", "1212", settings={"seed": 2, "vae": {"n_latent": 8}})]
    measures = pd.DataFrame({"measure": ["recoverable", "near_complete"]})
    evaluation = measures.assign(main=["50", "39"], wide=["50", "41"], other=["50", "9"])
    said, figures = sentences(*runs, evaluation=evaluation)
    assert said == [
        "3 runs of the same 4 sequences; they differ in seed and vae.n_latent.",
        "Their clusterings agree with an adjusted Rand index of -0.500 to 1.000: main and wide most, main and other "
        "least.",
        "Most near-complete genomes: wide (41 of 50).",
    ]
    assert figures == [
        ("3", "runs"),
        ("4", "sequences"),
        ("2", "settings differ"),
        ("-0.500 to 1.000", "agreement (adjusted Rand index)"),
        ("41", "genomes near complete at best"),
    ]


def test_runs_that_tie_are_all_named():
    evaluation = pd.DataFrame({"measure": ["ari"], "a": ["0.91"], "b": ["0.910"], "c": [""]})
    said, _ = sentences(*(compared(name, "1122") for name in "abc"), evaluation=evaluation)
    assert said[0] == "3 runs of the same 4 sequences; they differ in no setting."
    assert said[1:] == [
        "Their clusterings are the same.",
        "Closest to the labels: a and b (adjusted Rand index 0.910).",
    ]


def test_without_labels_bins_or_clusters_are_counted():
    said, _ = sentences(compared("one", "1122"), compared("two", "1223"))
    assert said[-1] == "They have 2 to 3 clusters."
    bins = pd.DataFrame({"cluster": ["1"], "bases": ["7000"]})
    said, _ = sentences(compared("one", "1122", bins=bins), compared("two", "1122", bins=bins[:0]))
    assert said[-1] == "Most bins: one (1)."


def test_losses_of_different_meaning_are_not_compared():
    assert describe_losses(["seed", "vae.n_latent"]) == ""
    words = describe_losses(["seed", "vae.kl_weight", "encode.k"])
    assert words.startswith("Losses cannot be compared between runs that differ in vae.kl_weight and encode.k,")


def test_names_are_listed_and_many_are_counted():
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdefgh")) == "a, b, c, d, e and 3 others"


def test_nearly_one_is_not_one():
    assert [format_ari(value) for value in (1, 0.9996, 0.5, -0.0001)] == ["1.000", "> 0.999", "0.500", "0.000"]
