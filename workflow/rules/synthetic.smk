# The embedded corpus, where the configuration asks for it.


rule synthetic_write:
    output:
        f"{RUN}/corpus/receipts/{{part}}-{{shard}}.json",
    log:
        f"{RUN}/logs/synthetic_write/{{part}}-{{shard}}.log",
    benchmark:
        f"{RUN}/logs/times/synthetic_write-{{part}}-{{shard}}.tsv"
    priority: 50
    conda:
        "../../environment.yml"
    params:
        run=RUN_NAME,
        config=plan.section("synthetic", "seed"),
        code=code_hash("synthetic.write"),
    shell:
        "talkpose synthetic write results/{params.run} {wildcards.part} {wildcards.shard} > {log:q} 2>&1"
