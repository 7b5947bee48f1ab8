from latentseq.latent import read_latent
from latentseq.logs import start_log
from latentseq.mapping import map_table
from latentseq.tables import write_table

start_log(snakemake.log[0])
write_table(map_table(read_latent(snakemake.input.latent), snakemake.params.seed), snakemake.output.map)
