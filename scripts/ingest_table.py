from latentseq.feature_tables import ingest_table
from latentseq.logs import start_log

start_log(snakemake.log[0])
ingest_table(
    snakemake.input.source,
    table=snakemake.output.table,
    sequences=snakemake.output.sequences,
    files=snakemake.output.files,
)
