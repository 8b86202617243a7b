# A user study with made-up answers, so that its pages exist; real ones come in by `talkpose study import`.
rule study_rehearse:
    input:
        plan.layout.metrics,
        [plan.layout.videos_shard(*names) for names in plan.videos()],
        plan.study_files(),
    output:
        plan.layout.study_analysis,
    log:
        f"{RUN}/logs/study_rehearse.log",
    benchmark:
        f"{RUN}/logs/times/study_rehearse.tsv"
    conda:
        "../../environment.yml"
    params:
        run=plan.config.run,
        study=plan.config.rehearsed_study or "none",
        preferences=(
            ["--preferences", plan.config.rehearsed_preferences]
            if plan.config.rehearsed_preferences
            else []
        ),
        code=code_hash("study.rehearse"),
    shell:
        "talkpose study rehearse results/{params.run} {params.study:q} {params.preferences:q} > {log:q} 2>&1"
