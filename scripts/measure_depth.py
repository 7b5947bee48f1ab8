from latentseq.arrays import write_arrays
from latentseq.depth import measure_depth
from latentseq.logs import start_log
from latentseq.sequence_table import read_sequences
from latentseq.tables import write_table

start_log(snakemake.log[0])
depth = measure_depth(
    snakemake.input.bam,
    read_sequences(snakemake.input.sequences),
    sample=snakemake.wildcards.sample,
    reference=snakemake.input.get("reference"),
    min_identity=snakemake.params.min_identity,
    trim_ends=snakemake.params.trim_ends,
    min_mapq=snakemake.params.min_mapq,
    exclude_flags=snakemake.params.exclude_flags,
    window_size=snakemake.params.window_size,
)
write_arrays(snakemake.output.depth, depth.arrays)
write_table(depth.facts, snakemake.output.facts)
