from latentseq.comparison import read_comparison
from latentseq.comparison_page import write_comparison
from latentseq.logs import start_log

start_log(snakemake.log[0])
comparison = read_comparison(
    dataset=snakemake.params.dataset,
    runs=snakemake.params.runs,
    sequences=snakemake.input.sequences,
    settings=snakemake.input.settings,
    clusters=snakemake.input.clusters,
    maps=snakemake.input.maps,
    histories=snakemake.input.histories,
    evaluations=snakemake.input.evaluations,
    bins=snakemake.input.bins,
)
write_comparison(
    comparison,
    page=snakemake.output.page,
    table=snakemake.output.table,
    agreements=snakemake.output.agreement,
)
