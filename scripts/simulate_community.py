from latentseq.community import (
    read_compositions,
    simulate_community,
    write_contigs,
    write_genomes,
    write_labels,
)
from latentseq.logs import start_log
from latentseq.simulated_reads import write_bams

start_log(snakemake.log[0])
compositions = read_compositions()
community = simulate_community(compositions, seed=snakemake.params.seed, samples=len(snakemake.output.bams))
write_contigs(community, snakemake.output.sequences)
write_bams(community, snakemake.output.bams)
write_labels(community, snakemake.output.labels)
write_genomes(community, snakemake.output.genomes)
