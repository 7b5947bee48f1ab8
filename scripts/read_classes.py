from latentseq.arrays import write_arrays
from latentseq.logs import start_log
from latentseq.read_classes import read_classes
from latentseq.sequence_table import read_sequences
from latentseq.tables import write_table

start_log(snakemake.log[0])
reads = read_classes(
    snakemake.input.bam,
    read_sequences(snakemake.input.sequences),
    sample=snakemake.wildcards.sample,
    reference=snakemake.input.get("reference"),
    min_identity=snakemake.params.min_identity,
    exclude_flags=snakemake.params.exclude_flags,
    strand=snakemake.params.strand,
)
write_arrays(snakemake.output.classes, reads.arrays)
write_table(reads.facts, snakemake.output.facts)
