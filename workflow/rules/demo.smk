# Takes the composition of real genomes. Gives demo/: contigs, BAM files and truth of a small simulated community.


rule simulate_community:
    input:
        compositions=Path(
            workflow.source_path("../../resources/genome_composition.tsv")
        ),
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
        code=code_of("simulate_community"),
    message:
        "Simulating the demo community"
    script:
        "../../scripts/simulate_community.py"
