from latentseq.embedding import embed
from latentseq.features import read_features
from latentseq.latent import write_latent
from latentseq.logs import start_log
from latentseq.vae import load_model

start_log(snakemake.log[0])
model = load_model(snakemake.input.weights, snakemake.input.model)
write_latent(embed(read_features(snakemake.input.features), model), snakemake.output.latent)
