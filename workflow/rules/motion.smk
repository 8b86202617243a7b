# Stage 1: sound -> expression and pose.
rule motion_train:
    input:
        GENERAL_TRACKS,
    output:
        plan.layout.model("motion", "general"),
    log:
        f"{RUN}/logs/motion_train.log",
    benchmark:
        f"{RUN}/logs/times/motion_train.tsv"
    priority: 30
    conda:
        "../../environment.yml"
    threads: plan.config.threads
    resources:
        gpu=GPU,
    params:
        run=plan.config.run,
        config=plan.section("motion", "seed", "device", "precision", "threads"),
        code=code_hash("config", "speech", "face", "motion"),
    shell:
        "talkpose motion train results/{params.run} > {log:q} 2>&1"


rule motion_personalise:
    input:
        general=plan.layout.model("motion", "general"),
        tracks=tracks_of_person,
    output:
        f"{RUN}/models/motion/person/{{person}}.json",
    log:
        f"{RUN}/logs/motion_personalise/{{person}}.log",
    benchmark:
        f"{RUN}/logs/times/motion_personalise-{{person}}.tsv"
    priority: 20
    conda:
        "../../environment.yml"
    threads: plan.config.threads
    resources:
        gpu=GPU,
    params:
        run=plan.config.run,
        config=plan.section(
            "motion", "seed", "device", "precision", "threads", "train_seconds"
        ),
        code=code_hash("config", "speech", "face", "motion"),
    shell:
        "talkpose motion personalise results/{params.run} {wildcards.person} > {log:q} 2>&1"
