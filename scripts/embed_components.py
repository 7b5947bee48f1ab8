from latentseq.components import embed_components
from latentseq.features import read_features
from latentseq.latent import write_latent
from latentseq.logs import start_log

start_log(snakemake.log[0])
features = read_features(snakemake.input.features)
latent = embed_components(features, snakemake.params.n_components, snakemake.params.seed)
write_latent(latent, snakemake.output.latent)
