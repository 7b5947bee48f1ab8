from latentseq.logs import start_log
from latentseq.windows import ingest_window

start_log(snakemake.log[0])
ingest_window(
    dict(zip(snakemake.params.samples, snakemake.input.bams, strict=True)),
    snakemake.params.region,
    reference=snakemake.input.get("reference"),
    min_span=snakemake.params.min_span,
    min_base_quality=snakemake.params.min_base_quality,
    min_mapq=snakemake.params.min_mapq,
    exclude_flags=snakemake.params.exclude_flags,
    alignment=snakemake.output.alignment,
    table=snakemake.output.table,
    files=snakemake.output.files,
    insertions=snakemake.output.insertions,
    reads=snakemake.output.reads,
    fewest=snakemake.params.fewest,
)
