# The front door: `snakemake --configfile config/clips.yaml --config CLIPS=<folder>`.
# Includes never set the default target, so it is set here.
include: "workflow/Snakefile"


rule all:
    default_target: True
    input:
        plan.layout.report / "index.html",
