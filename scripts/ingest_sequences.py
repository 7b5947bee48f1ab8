from latentseq.logs import start_log
from latentseq.samples import known_samples, list_sources
from latentseq.sequences import ingest_sequences

start_log(snakemake.log[0])
ingest_sequences(
    list_sources(snakemake.params.sequences, snakemake.input.get("samples")),
    min_length=snakemake.params.min_length,
    separator=snakemake.params.separator,
    samples=known_samples(snakemake.input.get("samples"), snakemake.input.get("depth")),
    collapse=snakemake.params.duplicates == "collapse",
    fasta=snakemake.output.fasta,
    table=snakemake.output.table,
    files=snakemake.output.files,
    duplicates=snakemake.output.duplicates,
)
