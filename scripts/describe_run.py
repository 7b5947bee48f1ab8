from pathlib import Path

from latentseq.logs import start_log
from latentseq.provenance import describe_run, write_description

start_log(snakemake.log[0])
description = describe_run(
    snakemake.params.settings,
    run=snakemake.params.run,
    workflow=Path(snakemake.scriptdir).parent,
    beside=snakemake.params.beside,
    files=snakemake.input.files,
    depth_facts=snakemake.input.depth_facts,
    others=snakemake.input.others,
    model=snakemake.input.get("model"),
)
write_description(description, snakemake.output.settings)
