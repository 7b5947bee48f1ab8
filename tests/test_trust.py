import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from latentseq import gene_troubles, troubles, trust
from latentseq.report import render_report
from latentseq.report_input import Products
from reported import NUMBER, facts, falling, healthy, history_of, with_settings
from small_runs import ROOT


def test_a_healthy_run_has_no_warning():
    assert troubles.find_troubles(healthy()) == []


def test_every_check_of_the_modules_is_in_the_list():
    def checks_of(module):
        made = [getattr(module, name) for name in dir(module) if getattr(module, name).__class__.__name__ == "function"]
        own = (function for function in made if function.__module__ == module.__name__)
        return {function.__name__ for function in own if function.__annotations__.get("return") == str | None}

    listed = {check.__name__ for check in troubles.CHECKS.values()}
    assert listed == checks_of(troubles) | checks_of(gene_troubles)


def collapsed():
    table = pd.DataFrame({"dimension": list("abcd"), "active": "no"})
    return healthy(products=Products(dimensions=table))


def steady():
    return healthy(history=history_of(list(np.linspace(3, 1, 20)), list(np.linspace(3, 1, 20))))


def rising():
    return healthy(history=history_of(list(np.linspace(1, 3, 20))))


def by_heart():
    content = healthy()
    loss = content.latent.reconstruction_loss + 0.5 * np.isin(content.latent.sequences, list(content.held_out))
    return replace(content, latent=replace(content.latent, reconstruction_loss=loss))


def depth_of(content, depth, samples=("S1", "S2", "S3")):
    return replace(content, depth={**content.depth, "samples": np.array(samples), "depth": depth})


def two_samples():
    content = healthy()
    return depth_of(content, content.depth["depth"][:, :2], ("S1", "S2"))


def no_depth():
    return depth_of(healthy(), np.zeros((NUMBER, 0), np.float32), np.zeros(0, "<U1"))


def deep_sample():
    content = healthy()
    return depth_of(content, content.depth["depth"] * np.array([30, 1, 1], np.float32))


def large_assembly():
    content = healthy()
    return replace(content, sequences=content.sequences.assign(sample=["S1"] * 180 + ["S2"] * 20))


def unseen(number):
    content = healthy()
    depth = content.depth["depth"].copy()
    depth[:number] = 0
    return depth_of(content, depth)


def skipped(share, empty=0):
    table = facts(**{"share skipped over N": share, "sequences without any k-mer (mean)": empty})
    return healthy(encoding=table)


def used(number):
    return healthy(
        depth_facts={"S1": facts(records=1000, used=900), "<S2": facts(records=1000, used=number, secondary=200)}
    )


def mapped(number):
    table = pd.DataFrame({"preset": ["short", "short"], "reads": ["500", "500"], "mapped": [str(number), "0"]})
    return healthy(mapped={"S1": table})


def labelled(labels):
    content = healthy()
    return replace(content, labels=content.labels.assign(label=labels))


def supported(number):
    content = healthy()
    support = ["0.4"] * number + ["1"] * (NUMBER - number)
    return replace(content, clusters=content.clusters.assign(support=support))


FIRES = [
    (troubles.collapsed, collapsed(), "none of the 4 latent dimensions"),
    (
        troubles.not_converged,
        steady(),
        "The held-out loss was still falling .* 2[0-9].[0-9] % .* Raise training.max_epochs",
    ),
    (troubles.not_converged, rising(), "never fell below that of the first epoch"),
    (troubles.overfitted, by_heart(), "100.0 % of the sequences that were held out .* Raise vae.dropout"),
    (troubles.few_samples, two_samples(), "With 2 samples depth says little"),
    (troubles.few_samples, no_depth(), "There is no depth, so bins rest on composition alone"),
    (troubles.dominant_sample, deep_sample(), "Sample S1 has 9[34].[0-9] % of all mapped bases"),
    (troubles.dominant_sample, large_assembly(), "Sample S1 has 90.0 % of all sequences"),
    (troubles.unseen_sequences, unseen(60), r"30.0 % of the sequences \(60\) have no read"),
    (troubles.skipped_kmers, skipped(0.06), "6.0 % of the k-mers hold N"),
    (troubles.skipped_kmers, skipped(0, 1), "and 1 sequence has no k-mer at all"),
    (troubles.few_reads, used(300), r"1 of 2 samples .*\(least in <S2: 37.5 %\)"),
    (troubles.few_reads, mapped(300), r"least in S1: 30.0 %"),
    (troubles.split_labels, labelled("one"), "50.0 % of the bases .* lower cluster.fineness"),
    (troubles.mixed_labels, labelled(["x", "y"] * 100), "50.0 % of the bases .* raise cluster.fineness"),
    (troubles.unsure_clusters, supported(60), "30.0 % of all bases leave their cluster"),
    (
        troubles.few_rows,
        healthy(sequences=healthy().sequences[:50]),
        "only 50 sequences; .* the run `model: pca`",
    ),
]


@pytest.mark.parametrize(("check", "content", "words"), FIRES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_trouble_is_said_with_what_to_do(check, content, words):
    assert check(healthy()) is None
    assert re.search(words, check(content))


@pytest.mark.parametrize(
    ("check", "content"),
    [
        (troubles.not_converged, healthy(history=None)),
        (troubles.not_converged, healthy(history=history_of([3, 2, 1]))),
        (troubles.overfitted, replace(by_heart(), held_out=frozenset(["c1"]))),
        (troubles.overfitted, healthy(latent=None)),
        (troubles.few_samples, with_settings(two_samples(), encode={"method": "table"})),
        (troubles.few_samples, replace(no_depth(), bins=None)),
        (troubles.dominant_sample, no_depth()),
        (troubles.unseen_sequences, unseen(40)),
        (troubles.unseen_sequences, no_depth()),
        (troubles.skipped_kmers, healthy(encoding=None)),
        (troubles.few_reads, used(500)),
        (troubles.few_reads, healthy(depth_facts={"S1": facts(kept=1)})),
        (troubles.split_labels, healthy(labels=None)),
        (troubles.split_labels, healthy(clusters=healthy().clusters.assign(cluster=""))),
        (troubles.unsure_clusters, healthy(clusters=healthy().clusters.assign(support=""))),
        (troubles.few_rows, with_settings(healthy(sequences=healthy().sequences[:50]), model="pca")),
    ],
)
def test_where_there_is_nothing_to_judge_nothing_is_said(check, content):
    assert check(content) is None


def test_the_loss_of_training_counts_where_nothing_was_held_out():
    content = healthy(history=history_of(list(np.linspace(3, 1, 20)), [""] * 20))
    assert troubles.not_converged(content).startswith("The loss was still falling")


@pytest.mark.parametrize(
    ("method", "words"),
    [("kmeans", "lower cluster.n_clusters"), ("gaussian_mixture", "to fewer"), ("hdbscan", "raise cluster.min_")],
)
def test_what_to_do_is_of_the_method(method, words):
    assert words in troubles.split_labels(with_settings(labelled("one"), cluster={"method": method}))


def test_every_method_of_the_settings_has_its_advice():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    methods = schema["properties"]["cluster"]["properties"]["method"]["enum"]
    assert set(troubles.COARSER) == set(troubles.FINER) == set(methods)


def test_newcomers_say_nothing_about_the_model():
    content = replace(by_heart(), products=Products(assignments=pd.DataFrame({"cluster": ["1"]})))
    assert troubles.overfitted(content) is None
    assert troubles.few_rows(replace(content, sequences=content.sequences[:5])) is None
    assert trust.dimensions_figure(content) is None


def test_dimensions_are_drawn_by_their_variance():
    content = healthy()
    mu = content.latent.mu * np.array([0.01, 2, 1, 0.001], np.float32)
    figure = trust.dimensions_figure(replace(content, latent=replace(content.latent, mu=mu)))
    assert figure["names"] == ["latent 2", "latent 3", "latent 1", "latent 4"]
    assert figure["active"] == [True, True, False, False]
    assert trust.dimensions_figure(with_settings(content, model="pca")) is None


def test_the_held_out_are_compared_in_words():
    content = healthy()
    loss = np.where(np.isin(content.latent.sequences, list(content.held_out)), 3.0, 2.0).astype(np.float32)
    worse = replace(content, latent=replace(content.latent, reconstruction_loss=loss))
    assert trust.describe_held_out(worse) == (
        "25 sequences were held out from training. Their median reconstruction loss is 3.00, 1.50 times that of the "
        "others (2.00): clearly worse."
    )
    below = replace(worse, latent=replace(worse.latent, reconstruction_loss=-loss))
    assert trust.describe_held_out(below).endswith("is -3.00, that of the others -2.00.")
    assert trust.describe_held_out(healthy(held_out=frozenset())) == ""
    assert list(trust.held_out_figure(worse)["groups"]) == ["trained", "held out"]
    assert trust.held_out_figure(replace(worse, held_out=frozenset(["c1"]))) is None


def test_support_is_shown_by_length():
    content = healthy()
    lengths = np.arange(2000, 2000 + NUMBER)
    support = np.where(lengths < 2100, 0.5, 1).astype(str)
    content = replace(
        content,
        sequences=content.sequences.assign(length=lengths),
        clusters=content.clusters.assign(support=support),
    )
    figure = trust.support_figure(content)
    assert figure["rows"] == [20] * 10
    assert figure["lines"]["median"] == [0.5] * 5 + [1.0] * 5
    assert trust.describe_support_by_size(content) == (
        "Mean support is 0.500 for the shortest sequences and 1.00 for the longest: short ones say less about where "
        "they belong."
    )


def test_support_by_length_is_left_out_where_length_means_nothing():
    assert trust.support_figure(healthy()) is None  # all of one length
    assert trust.support_figure(with_settings(healthy(), encode={"method": "table"})) is None
    assert trust.describe_support_by_size(healthy(clusters=healthy().clusters.assign(support=""))) == ""


def test_the_section_has_all_its_parts():
    told = trust.describe_trust(healthy(history=history_of(falling(20), falling(20))))
    assert set(told) == {"training", "dimensions", "held_out", "support", "figures"}
    assert "4 of 4 latent dimensions are active" in told["dimensions"]


@pytest.mark.parametrize("clipboard", [True, False])
def test_a_browser_draws_the_figures_and_copies_the_methods(visit, clipboard):
    content = healthy(sequences=healthy().sequences.assign(length=np.arange(2000, 2000 + NUMBER)))
    seen = visit(render_report(content))
    seen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if not clipboard:  # as where a page from a disk may not use it
        seen.page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    seen.page.locator("#copy-methods").click()
    seen.page.wait_for_function("document.querySelector('#copy-note').textContent")
    assert re.search("Copied|Selected", seen.page.locator("#copy-note").inner_text())
    if clipboard:
        copied = seen.page.evaluate("navigator.clipboard.readText()")
        assert copied.split() == seen.page.locator("#methods-text").inner_text().split()
    for name in ("loss", "dimensions", "held-out", "support"):
        assert seen.page.locator(f"#{name}-plot .plot-container").count() == 1, name
    assert seen.complaints == []
