import pandas as pd
from latentseq.arrays import read_arrays
from latentseq.genes import choose_representatives, gene_table, write_counts
from latentseq.logs import start_log
from latentseq.representatives import write_representatives
from latentseq.selection import yes_no
from latentseq.sequence_table import read_sequences
from latentseq.switches import find_switches
from latentseq.tables import read_table, write_table

start_log(snakemake.log[0])
genes = gene_table(
    read_table(snakemake.input.clusters, required=("sequence", "cluster", "support")),
    read_sequences(snakemake.input.sequences),
)
counts = read_arrays(snakemake.input.counts) if snakemake.input.counts else None
chosen = choose_representatives(genes, None if counts is None else counts["counts"].sum(axis=1))
of_genes = pd.DataFrame({"sequence": genes["transcript"], "group": genes["gene"], "representative": yes_no(chosen)})
write_representatives(of_genes, snakemake.input.fasta, snakemake.output.representatives, kind="gene")
write_table(genes[["transcript", "gene", "support"]], snakemake.output.genes)
if counts is not None:
    conditions = dict(snakemake.params.conditions)
    write_counts(genes, counts, conditions, dict(snakemake.output.items()))
    of_samples = [conditions.get(str(name), "") for name in counts["samples"]]
    switches = find_switches(genes["gene"], genes["transcript"], counts["counts"], of_samples)
    write_table(switches, snakemake.output.switches)
