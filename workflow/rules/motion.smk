# Stage 1: sound -> expression and pose.
GENERAL_TRACKS = [
    plan.layout.tracks_shard(corpus, shard)
    for corpus in plan.config.corpora_with("general")
    for shard in plan.shards(corpus)
]
SHARD_OF_PERSON = {person: (corpus, shard) for corpus, shard, person in plan.persons()}


def tracks_of_person(wildcards):
    return plan.layout.tracks_shard(*SHARD_OF_PERSON[wildcards.person])


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
    threads: plan.config.threads
    resources:
        gpu=GPU,
    params:
        config=plan.section("motion", "seed", "device", "precision", "threads"),
        code=code_hash("config", "speech", "motion"),
    shell:
        "talkpose motion train {RUN:q} > {log:q} 2>&1"


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
    threads: plan.config.threads
    resources:
        gpu=GPU,
    params:
        config=plan.section(
            "motion", "seed", "device", "precision", "threads", "train_seconds"
        ),
        code=code_hash("config", "speech", "motion"),
    shell:
        "talkpose motion personalise {RUN:q} {wildcards.person} > {log:q} 2>&1"
