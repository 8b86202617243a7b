# What several rules ask.
RUN_NAME = plan.config.run


def tracks(*roles):
    return [plan.layout.tracks_shard(*part) for part in plan.with_role(*roles)]


def general_of(stage):
    """The general mapping that a variant is fine-tuned from."""
    return lambda wildcards: plan.layout.model(
        stage, "general", variant(wildcards.variant).general
    )


def tracks_of_target(wildcards):
    """Tracks of the shard's own clips; `other-person` looks at every person."""
    if plan.spec(wildcards.method).others:
        return tracks("persons")
    return plan.layout.tracks_shard(wildcards.corpus, wildcards.shard)
