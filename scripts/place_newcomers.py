from latentseq.assignment import place_on_map
from latentseq.latent import read_latent
from latentseq.logs import start_log
from latentseq.tables import read_table, write_table

start_log(snakemake.log[0])
earlier_map = read_table(snakemake.input.earlier_map, ["sequence", "x", "y"])
earlier_latent = read_latent(snakemake.input.earlier_latent)
write_table(place_on_map(read_latent(snakemake.input.latent), earlier_latent, earlier_map), snakemake.output.map)
