# Gives demo/: contigs, BAM files and truth of a small community, simulated from the composition of real genomes;
# handwritten digits of scikit-learn and simulated counts of gene expression, each with labels.


rule simulate_community:
    output:
        sequences="demo/contigs.fna.gz",
        bams=expand("demo/bam/S{number}.bam", number=range(1, 5)),
        labels="demo/labels.tsv",
        genomes="demo/genomes.tsv",
    log:
        "demo/simulate_community.log",
    conda:
        "../../envs/encode.yaml"
    params:
        seed=1,
        code=code_of("simulate_community", "../../resources/genome_composition.tsv"),
    message:
        "Simulating the demo community: contigs, BAM files and the truth"
    script:
        "../../scripts/simulate_community.py"


rule write_digits:
    output:
        table="demo/digits.tsv",
        labels="demo/digits_labels.tsv",
    log:
        "demo/write_digits.log",
    conda:
        "../../envs/products.yaml"
    params:
        code=code_of("write_digits"),
    message:
        "Writing the handwritten digits"
    script:
        "../../scripts/write_digits.py"


rule simulate_expression:
    output:
        table="demo/expression.h5ad",
        labels="demo/expression_labels.tsv",
    log:
        "demo/simulate_expression.log",
    conda:
        "../../envs/products.yaml"
    params:
        seed=1,
        code=code_of("simulate_expression"),
    message:
        "Simulating counts of gene expression"
    script:
        "../../scripts/simulate_expression.py"
