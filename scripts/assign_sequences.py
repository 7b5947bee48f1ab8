from latentseq.assignment import assign_newcomers, clusters_of
from latentseq.description import read_kl_weight
from latentseq.earlier_clusters import join_run
from latentseq.features import read_features
from latentseq.latent import read_latent
from latentseq.logs import start_log
from latentseq.novelty import compare_composition
from latentseq.sequence_table import read_sequences
from latentseq.tables import read_table, write_table

start_log(snakemake.log[0])
earlier = join_run(
    read_latent(snakemake.input.earlier_latent),
    read_table(snakemake.input.earlier_clusters, ["sequence", "cluster"]),
    read_sequences(snakemake.input.earlier_sequences),
    read_table(snakemake.input.earlier_held_out, ["sequence"]),
)
assignments = assign_newcomers(
    read_latent(snakemake.input.latent),
    read_sequences(snakemake.input.sequences),
    earlier,
    kl_weight=read_kl_weight(snakemake.input.earlier_model),
    quantile=snakemake.params.quantile,
    draws=snakemake.params.draws,
    seed=snakemake.params.seed,
    novelty=compare_composition(
        read_features(snakemake.input.features), read_features(snakemake.input.earlier_features), earlier
    ),
)
write_table(assignments, snakemake.output.assignments)
write_table(clusters_of(assignments), snakemake.output.clusters)
