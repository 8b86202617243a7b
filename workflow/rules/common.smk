# What several rules ask: which files belong to a person, a shard, a method.
GENERAL_TRACKS = [
    plan.layout.tracks_shard(corpus, shard)
    for corpus in plan.config.corpora_with("general")
    for shard in plan.shards(corpus)
]
SHARD_OF_PERSON = {person: (corpus, shard) for corpus, shard, person in plan.persons()}


def tracks_of_person(wildcards):
    return plan.layout.tracks_shard(*SHARD_OF_PERSON[wildcards.person])


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
