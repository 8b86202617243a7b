# Stage 1: sound -> expression and pose.
rule motion_train:
    input:
        tracks("general"),
    output:
        f"{RUN}/models/motion/{{variant}}/general.json",
    log:
        f"{RUN}/logs/motion_train/{{variant}}.log",
    benchmark:
        f"{RUN}/logs/times/motion_train-{{variant}}.tsv"
    priority: 30
    conda:
        "../../environment.yml"
    threads: plan.config.threads
    resources:
        gpu=GPU,
    params:
        run=plan.config.run,
        config=plan.section("motion", "seed", "device", "precision", "threads"),
        code=code_hash("methods.motion_steps"),
        weights=plan.weights("methods.motion_steps"),
    shell:
        "talkpose motion train results/{params.run} {wildcards.variant} > {log:q} 2>&1"


rule motion_personalise:
    input:
        general=general_of("motion"),
        tracks=f"{RUN}/tracks/{{corpus}}/shard-{{shard}}.parquet",
    output:
        f"{RUN}/models/motion/{{variant}}/shards/{{corpus}}-{{shard}}.txt",
    log:
        f"{RUN}/logs/motion_personalise/{{variant}}-{{corpus}}-{{shard}}.log",
    benchmark:
        f"{RUN}/logs/times/motion_personalise-{{variant}}-{{corpus}}-{{shard}}.tsv"
    priority: 20
    conda:
        "../../environment.yml"
    threads: plan.config.threads
    resources:
        gpu=GPU,
    params:
        run=plan.config.run,
        config=plan.section(
            "motion",
            "seed",
            "device",
            "precision",
            "threads",
            "train_seconds",
            "frame_counts",
        ),
        code=code_hash("methods.motion_steps"),
        weights=plan.weights("methods.motion_steps"),
    shell:
        "talkpose motion personalise results/{params.run} {wildcards.variant} {wildcards.corpus} {wildcards.shard} > {log:q} 2>&1"
