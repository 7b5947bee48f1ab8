from latentseq.gene_links import find_genes
from latentseq.logs import start_log
from latentseq.sequence_table import read_sequences
from latentseq.tables import write_table
from latentseq.transcript_pairs import read_pairs

start_log(snakemake.log[0])
genes = find_genes(
    read_pairs(snakemake.input.pairs),
    read_sequences(snakemake.input.sequences),
    evidence=snakemake.params.evidence,
    draws=snakemake.params.draws,
    stranded=snakemake.params.stranded,
    seed=snakemake.params.seed,
)
write_table(genes, snakemake.output.clusters)
