from latentseq.genes import gene_table, read_counts, write_genes
from latentseq.logs import start_log
from latentseq.sequence_table import read_sequences
from latentseq.tables import read_table

start_log(snakemake.log[0])
genes = gene_table(
    read_table(snakemake.input.clusters, required=("sequence", "cluster", "support")),
    read_sequences(snakemake.input.sequences),
)
write_genes(
    genes,
    read_counts(snakemake.input.get("counts")),
    snakemake.input.fasta,
    conditions=dict(snakemake.params.conditions),
    paths=dict(snakemake.output.items()),
)
