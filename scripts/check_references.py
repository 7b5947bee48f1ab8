from latentseq.logs import start_log
from latentseq.samples import match_references, read_samples
from latentseq.sequence_table import read_sequences
from latentseq.tables import write_table

start_log(snakemake.log[0])
references = match_references(
    read_samples(snakemake.input.samples),
    read_sequences(snakemake.input.sequences),
    snakemake.input.get("reference"),
)
write_table(references, snakemake.output.references)
