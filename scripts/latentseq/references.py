"""What the methods paragraph cites: each reference by the words that cite it."""

from typing import Final

REFERENCES: Final = {
    "Benjamini and Hochberg 1995": "Benjamini Y, Hochberg Y (1995) Controlling the false discovery rate: a practical "
    "and powerful approach to multiple testing. Journal of the Royal Statistical Society B 57: 289-300. "
    "doi:10.1111/j.2517-6161.1995.tb02031.x",
    "Bowman et al. 2016": "Bowman SR, Vilnis L, Vinyals O, Dai AM, Jozefowicz R, Bengio S (2016) Generating "
    "sentences from a continuous space. Proceedings of CoNLL 2016: 10-21. doi:10.18653/v1/K16-1002",
    "Burda et al. 2016": "Burda Y, Grosse R, Salakhutdinov R (2016) Importance weighted autoencoders. ICLR 2016. "
    "arXiv:1509.00519",
    "Campello et al. 2013": "Campello RJGB, Moulavi D, Sander J (2013) Density-based clustering based on "
    "hierarchical density estimates. PAKDD 2013: 160-172. doi:10.1007/978-3-642-37456-2_14",
    "Cohen 1988": "Cohen J (1988) Statistical power analysis for the behavioral sciences, 2nd edition. Lawrence "
    "Erlbaum Associates. doi:10.4324/9780203771587",
    "Dong et al. 2011": "Dong W, Moses C, Li K (2011) Efficient k-nearest neighbor graph construction for generic "
    "similarity measures. WWW 2011: 577-586. doi:10.1145/1963405.1963487",
    "Dudoit and Fridlyand 2002": "Dudoit S, Fridlyand J (2002) A prediction-based resampling method for estimating the "
    "number of clusters in a dataset. Genome Biology 3: research0036. doi:10.1186/gb-2002-3-7-research0036",
    "Irber et al. 2022": "Irber L, Brooks PT, Reiter T, Pierce-Ward NT, Hera MR, Koslicki D, Brown CT (2022) "
    "Lightweight compositional analysis of metagenomes with FracMinHash and minimum metagenome covers. bioRxiv. "
    "doi:10.1101/2022.01.11.475838",
    "Fraley and Raftery 2002": "Fraley C, Raftery AE (2002) Model-based clustering, discriminant analysis, and "
    "density estimation. Journal of the American Statistical Association 97: 611-631. doi:10.1198/016214502760047131",
    "Hennig 2007": "Hennig C (2007) Cluster-wise assessment of cluster stability. Computational Statistics & Data "
    "Analysis 52: 258-271. doi:10.1016/j.csda.2006.11.025",
    "Hubert and Arabie 1985": "Hubert L, Arabie P (1985) Comparing partitions. Journal of Classification 2: 193-218. "
    "doi:10.1007/BF01908075",
    "Kingma and Welling 2014": "Kingma DP, Welling M (2014) Auto-encoding variational Bayes. ICLR 2014. "
    "arXiv:1312.6114",
    "Kingma et al. 2016": "Kingma DP, Salimans T, Jozefowicz R, Chen X, Sutskever I, Welling M (2016) Improved "
    "variational inference with inverse autoregressive flow. NeurIPS 29. arXiv:1606.04934",
    "Kislyuk et al. 2009": "Kislyuk A, Bhatnagar S, Dushoff J, Weitz JS (2009) Unsupervised statistical clustering "
    "of environmental shotgun sequences. BMC Bioinformatics 10: 316. doi:10.1186/1471-2105-10-316",
    "Li 2018": "Li H (2018) Minimap2: pairwise alignment for nucleotide sequences. Bioinformatics 34: 3094-3100. "
    "doi:10.1093/bioinformatics/bty191",
    "Li and Dewey 2011": "Li B, Dewey CN (2011) RSEM: accurate transcript quantification from RNA-Seq data with or "
    "without a reference genome. BMC Bioinformatics 12: 323. doi:10.1186/1471-2105-12-323",
    "Lloyd 1982": "Lloyd SP (1982) Least squares quantization in PCM. IEEE Transactions on Information Theory 28: "
    "129-137. doi:10.1109/TIT.1982.1056489",
    "Loshchilov and Hutter 2019": "Loshchilov I, Hutter F (2019) Decoupled weight decay regularization. ICLR 2019. "
    "arXiv:1711.05101",
    "Lund et al. 2012": "Lund SP, Nettleton D, McCarthy DJ, Smyth GK (2012) Detecting differential expression in "
    "RNA-sequence data using quasi-likelihood with shrunken dispersion estimates. Statistical Applications in Genetics "
    "and Molecular Biology 11: 8. doi:10.1515/1544-6115.1826",
    "Mann and Whitney 1947": "Mann HB, Whitney DR (1947) On a test of whether one of two random variables is "
    "stochastically larger than the other. Annals of Mathematical Statistics 18: 50-60. doi:10.1214/aoms/1177730491",
    "McInnes et al. 2018": "McInnes L, Healy J, Melville J (2018) UMAP: uniform manifold approximation and "
    "projection for dimension reduction. arXiv:1802.03426",
    "Mölder et al. 2021": "Mölder F, Jablonski KP, Letcher B, et al. (2021) Sustainable data analysis with "
    "Snakemake. F1000Research 10: 33. doi:10.12688/f1000research.29032.2",
    "Nissen et al. 2021": "Nissen JN, Johansen J, Allesøe RL, et al. (2021) Improved metagenome binning and assembly "
    "using deep variational autoencoders. Nature Biotechnology 39: 555-560. doi:10.1038/s41587-020-00777-4",
    "Paszke et al. 2019": "Paszke A, Gross S, Massa F, et al. (2019) PyTorch: an imperative style, high-performance "
    "deep learning library. NeurIPS 32: 8024-8035. arXiv:1912.01703",
    "Pedregosa et al. 2011": "Pedregosa F, Varoquaux G, Gramfort A, et al. (2011) Scikit-learn: machine learning in "
    "Python. Journal of Machine Learning Research 12: 2825-2830",
    "Smith and Topin 2019": "Smith LN, Topin N (2019) Super-convergence: very fast training of neural networks using "
    "large learning rates. Proceedings of SPIE 11006: 1100612. doi:10.1117/12.2520589",
    "Sokal and Michener 1958": "Sokal RR, Michener CD (1958) A statistical method for evaluating systematic "
    "relationships. University of Kansas Science Bulletin 38: 1409-1438",
    "Tipping and Bishop 1999": "Tipping ME, Bishop CM (1999) Probabilistic principal component analysis. Journal of "
    "the Royal Statistical Society B 61: 611-622. doi:10.1111/1467-9868.00196",
    "Traag et al. 2011": "Traag VA, Van Dooren P, Nesterov Y (2011) Narrow scope for resolution-limit-free community "
    "detection. Physical Review E 84: 016114. doi:10.1103/PhysRevE.84.016114",
    "Traag et al. 2019": "Traag VA, Waltman L, van Eck NJ (2019) From Louvain to Leiden: guaranteeing well-connected "
    "communities. Scientific Reports 9: 5233. doi:10.1038/s41598-019-41695-z",
}


def cited_in(text: str) -> list[str]:
    """Return the references that a text cites, in the order of their authors."""
    return [REFERENCES[words] for words in sorted(REFERENCES) if words in text]
