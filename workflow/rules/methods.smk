# (person, sound) -> frames, for every method that the configuration names.


def models_of_method(wildcards):
    """What a method must have trained before it can generate for a shard of persons."""
    persons = [
        person
        for corpus, shard, person in plan.persons()
        if (corpus, shard) == (wildcards.corpus, wildcards.shard)
    ]
    trained = plan.trained_by(wildcards.method)
    models = []
    for stage, scope in trained:
        if scope == "general":
            models.append(plan.layout.model(stage, "general"))
        else:
            models.extend(
                plan.layout.model(stage, f"person/{person}") for person in persons
            )
    return models


rule methods_generate:
    input:
        f"{RUN}/tracks/{{corpus}}/shard-{{shard}}.parquet",
        models_of_method,
        [
            plan.layout.clips_shard(corpus, shard)
            for corpus in plan.config.corpora_with("foreign")
            for shard in plan.shards(corpus)
        ],
    output:
        f"{RUN}/videos/{{method}}/{{corpus}}-{{shard}}.json",
    log:
        f"{RUN}/logs/methods_generate/{{method}}-{{corpus}}-{{shard}}.log",
    benchmark:
        f"{RUN}/logs/times/methods_generate-{{method}}-{{corpus}}-{{shard}}.tsv"
    threads: plan.config.threads
    resources:
        gpu=GPU,
    params:
        config=plan.section(
            "compose", "face", "seed", "device", "precision", "train_seconds"
        ),
        code=code_hash("config", "face", "motion", "compose", "refine", "methods"),
    shell:
        "talkpose methods generate {RUN:q} {wildcards.method} {wildcards.corpus} {wildcards.shard} > {log:q} 2>&1"
