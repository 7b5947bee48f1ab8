from latentseq.logs import start_log
from latentseq.read_files import check_reads
from latentseq.read_mapping import minimap2_version
from latentseq.tsv import write_rows

start_log(snakemake.log[0])
minimap2_version()
write_rows([vars(row) for row in check_reads(snakemake.params.samples)], snakemake.output.checked)
