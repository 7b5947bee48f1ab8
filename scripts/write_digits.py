from latentseq.example_tables import digits, write_digits, write_row_labels
from latentseq.logs import start_log

start_log(snakemake.log[0])
images = digits()
write_digits(images, snakemake.output.table)
write_row_labels(images.rows, images.labels, snakemake.output.labels)
