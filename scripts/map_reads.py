from latentseq.logs import start_log
from latentseq.read_files import check_reads
from latentseq.read_mapping import map_reads

start_log(snakemake.log[0])
check_reads({snakemake.wildcards.sample: {"files": snakemake.input.reads, "preset": snakemake.params.preset}})
map_reads(
    snakemake.input.reads,
    snakemake.input.sequences,
    preset=snakemake.params.preset,
    secondary=snakemake.params.secondary,
    threads=snakemake.threads,
    bam=snakemake.output.bam,
    table=snakemake.output.reads,
)
