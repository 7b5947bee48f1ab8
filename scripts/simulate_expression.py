from latentseq.example_tables import simulate_expression, write_expression, write_row_labels
from latentseq.logs import start_log

start_log(snakemake.log[0])
expression = simulate_expression(seed=snakemake.params.seed)
write_expression(expression, snakemake.output.table)
write_row_labels(expression.cells, expression.labels, snakemake.output.labels)
