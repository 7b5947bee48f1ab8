from pathlib import Path

from latentseq.crates import write_crate
from latentseq.logs import start_log

start_log(snakemake.log[0])
write_crate(
    snakemake.output.crate,
    dataset=snakemake.params.dataset,
    run=snakemake.params.run,
    settings=snakemake.input.settings,
    workflow=Path(snakemake.scriptdir).parent,
    results=snakemake.input.results,
)
