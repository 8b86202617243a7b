# Clips -> tracks: 257 coefficients and landmarks a frame.


rule face_track:
    input:
        f"{RUN}/clips/{{corpus}}/shard-{{shard}}.parquet",
    output:
        f"{RUN}/tracks/{{corpus}}/shard-{{shard}}.parquet",
    log:
        f"{RUN}/logs/face_track/{{corpus}}-{{shard}}.log",
    benchmark:
        f"{RUN}/logs/times/face_track-{{corpus}}-{{shard}}.tsv"
    priority: 40
    conda:
        "../../environment.yml"
    params:
        run=plan.config.run,
        config=plan.section("face", "train_seconds"),
        code=code_hash("face.track_step"),
        weights=plan.weights("face.track_step"),
    shell:
        "talkpose face track results/{params.run} {wildcards.corpus} {wildcards.shard} > {log:q} 2>&1"
