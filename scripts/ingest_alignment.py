from latentseq.aligned_sequences import ingest_alignment
from latentseq.logs import start_log

start_log(snakemake.log[0])
ingest_alignment(
    snakemake.input.sequences,
    alignment=snakemake.output.alignment,
    table=snakemake.output.table,
    files=snakemake.output.files,
    fewest=snakemake.params.fewest,
)
