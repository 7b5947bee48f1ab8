"""The methods paragraph, first part: what was read and how it was encoded, for each kind of job."""

from latentseq.methods_genes import describe_counting
from latentseq.report_input import ReportInput
from latentseq.report_words import ROWS, count_columns, count_duplicates
from latentseq.sequence_table import sizes
from latentseq.wording import count_of, format_bases, format_count

LIKELIHOODS = {
    "gaussian": "a Gaussian likelihood with one variance, of standardised columns",
    "bernoulli": "a Bernoulli likelihood, of values from 0 to 1",
    "negative_binomial": "a negative binomial likelihood with one dispersion a column, of counts",
}
PRESETS = {"short": "sr", "ont": "map-ont", "hifi": "map-hifi"}


def describe_data(content: ReportInput) -> list[str]:
    """Say in sentences what was read and encoded."""
    if content.job == "kmer":
        return [*_kept(content), *describe_depth(content), *_composition(content)]
    if content.job == "table":
        return [_table(content)]
    return [_window(content) if content.job == "window" else _alignment(content), _letters(content)]


def _kept(content: ReportInput) -> list[str]:
    read = content.files[["sequences", "bases"]].astype("int64").sum()
    lengths = content.sequences["length"]
    limit = content.setting("min_length")
    collapsed = ", equal ones (on either strand) once" if count_duplicates(content)[0] else ""
    at_least = f" of at least {format_count(limit)} bases" if limit else ""
    return [
        f"Of {count_of(read['sequences'], 'sequence', 'sequences')} ({format_bases(read['bases'])}), the "
        f"{format_count(len(lengths))}{at_least} were kept ({format_bases(lengths.sum())}){collapsed}."
    ]


def describe_depth(content: ReportInput) -> list[str]:
    """Say how depth was measured, or given; nothing where there is none."""
    n_samples = len(content.depth["samples"])
    if not n_samples:
        return []
    samples = count_of(n_samples, "sample", "samples")
    if not content.depth_facts:
        return [f"Mean depths in {samples} were given as a table."]
    sentences = []
    if content.mapped:
        presets = sorted({PRESETS.get(name, name) for table in content.mapped.values() for name in table["preset"]})
        version = _version_in(content, "minimap2")
        sentences.append(
            f"The reads of {samples} were mapped to the sequences with minimap2 (Li 2018{version}; "
            f"{'preset' if len(presets) == 1 else 'presets'} {', '.join(presets)})."
        )
    source = "these" if content.mapped else f"the alignments of the reads of {samples}"
    if counted := describe_counting(content):
        return [*sentences, *counted]
    return [*sentences, f"Depth, in reads per base, was taken from {source}{_filters(content)}."]


def _filters(content: ReportInput) -> str:
    identity, mapq = content.setting("alignments", "min_identity"), content.setting("alignments", "min_mapq")
    flags, ends = content.setting("alignments", "exclude_flags"), content.setting("alignments", "trim_ends")
    said = []
    if identity:
        said.append(f"an identity of at least {100 * identity:g} %")
    if mapq:
        said.append(f"a mapping quality of at least {mapq}")
    words = f" with {' and '.join(said)}" if said else ""
    words += f", without those with any of the SAM flags {flags}" if flags else ""
    return words + (f", leaving out {ends} bases at both ends of each sequence" if ends else "")


def of_counts(content: ReportInput) -> bool:
    """Whether k-mers are modelled as counts."""
    return content.job == "kmer" and content.setting("encode", "likelihood") == "negative_binomial"


def _composition(content: ReportInput) -> list[str]:
    k, project = content.setting("encode", "k"), content.setting("encode", "project")
    if k is None:
        return []
    if of_counts(content):
        return [f"Canonical {k}-mers were counted."]
    blocks = {} if content.features is None else content.features.blocks
    columns = len(blocks["composition"].columns) if "composition" in blocks else 0
    projected = (
        f"projected onto the {f'{columns} ' if columns else ''}dimensions that are free to vary (Kislyuk et al. 2009) "
        "and "
        if project
        else ""
    )
    sentences = [f"Frequencies of canonical {k}-mers were {projected}standardised."]
    n_samples = len(content.depth["samples"])
    if content.setting("model") == "pca":
        return sentences
    if n_samples > 1:
        sentences.append(
            "Beside them stood the depths as fractions over the samples, each sample scaled to the same mean, and "
            "the standardised logarithm of their sum."
        )
    elif n_samples:
        sentences.append("Beside them stood the standardised logarithm of the depth.")
    return sentences


def _alignment(content: ReportInput) -> str:
    total, varying = count_columns(content)
    columns = f" and {count_of(total, 'column', 'columns')}" if total else ""
    vary = f", {format_count(varying)} of which vary" if varying is not None else ""
    return f"The alignment had {count_of(len(content.sequences), 'sequence', 'sequences')}{columns}{vary}."


def _window(content: ReportInput) -> str:
    reads = int(sizes(content.sequences).sum())
    span, quality = content.setting("alignments", "min_span"), content.setting("alignments", "min_base_quality")
    said = [f"that span {'all' if span == 1 else f'at least {100 * span:g} %'} of its columns"] if span else []
    if content.setting("alignments", "min_mapq"):
        said.append(f"with a mapping quality of at least {content.setting('alignments', 'min_mapq')}")
    if content.setting("alignments", "exclude_flags"):
        said.append(f"without any of the SAM flags {content.setting('alignments', 'exclude_flags')}")
    mask = f" Bases of a quality below {quality} counted as missing." if quality else ""
    return (
        f"{count_of(reads, 'read', 'reads')} across "
        f"{content.setting('region')}{', ' if said else ''}{', '.join(said)}, were laid into its columns, mates as "
        f"one; identical ones were merged to {count_of(len(content.sequences), *ROWS['window'])}, which counted by "
        f"their reads.{mask}"
    )


def _letters(content: ReportInput) -> str:
    gaps = "a gap as a fifth" if content.setting("encode", "gaps") == "state" else "gaps as missing"
    return (
        f"The columns that vary were encoded as states, one for each base and {gaps}; ambiguous letters as equal "
        "shares of their bases, N as missing."
    )


def _table(content: ReportInput) -> str:
    total = count_columns(content)[0]
    columns = f" and {count_of(total, 'column', 'columns')}" if total else ""
    likelihood = LIKELIHOODS.get(content.setting("encode", "likelihood") or "")
    how = f", modelled with {likelihood}" if likelihood and content.setting("model") != "pca" else ""
    divided = content.setting("encode", "divide_by")
    how += f" (values divided by {divided:g})" if divided not in (None, 1) else ""
    return f"The table had {count_of(len(content.sequences), 'row', 'rows')}{columns}{how}."


def _version_in(content: ReportInput, program: str) -> str:
    version = content.settings.get("versions", {}).get(program)
    return f"; version {version}" if version else ""
