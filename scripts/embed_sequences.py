from latentseq.embedding import embed
from latentseq.features import read_features
from latentseq.latent import describe_dimensions, write_latent
from latentseq.logs import start_log
from latentseq.models import load_model
from latentseq.tables import write_table

start_log(snakemake.log[0])
model = load_model(snakemake.input.weights, snakemake.input.model)
latent = embed(read_features(snakemake.input.features), model)
write_latent(latent, snakemake.output.latent)
write_table(describe_dimensions(latent), snakemake.output.dimensions)
