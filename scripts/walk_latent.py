from latentseq.features import read_features
from latentseq.latent import read_latent
from latentseq.logs import start_log
from latentseq.models import load_model
from latentseq.walks import walk_latent, write_walk

start_log(snakemake.log[0])
walk = walk_latent(
    read_features(snakemake.input.features),
    load_model(snakemake.input.weights, snakemake.input.model),
    read_latent(snakemake.input.latent),
    seed=snakemake.params.seed,
    divide_by=snakemake.params.divide_by,
)
write_walk(walk, snakemake.output.walk)
