"""The workflow's step before stage 2: the rendered pairs that it trains on."""

from talkpose.clips.store import write_lossless
from talkpose.config import RunConfig
from talkpose.files import sha256, write_json, write_npz
from talkpose.layout import BASE, RunLayout
from talkpose.methods.footage import cut, load_footage, usable_clips
from talkpose.methods.rendering import PersonRenderer
from talkpose.methods.variants import variant
from talkpose.progress import progress
from talkpose.refine.identity import describe_clip, make_identity_feature
from talkpose.seeds import derive_seed


def learns_from(config: RunConfig, corpus: str, clip: str) -> bool:
    """Whether a clip is of `refine.general_share`: each has a draw of its own."""
    drawn = derive_seed(config.seed, "refine", "general share", corpus, clip) / 2**63
    return drawn < config.refine.general_share


def pairs(layout: RunLayout, corpus: str, shard: str, length: str = BASE) -> None:
    """Render every clip of a shard over backgrounds of its own; describe who its real frames show.

    length: of a person's footage, `base` (the run's) or `n<N>`.
    """
    config = layout.load_config()
    general = config.corpora[corpus].role == "general"
    feature = make_identity_feature(config.refine)
    clips = usable_clips(layout, corpus, shard)
    if general:
        clips = [clip for clip in clips if learns_from(config, corpus, clip)]
    receipt: dict[str, dict] = {}
    with progress(f"render {corpus}", len(clips)) as bar:
        for done, clip in enumerate(clips):
            footage = load_footage(layout, corpus, clip)
            if not general:
                footage = cut(footage, 0, variant(length).train_frames(config))
            scheme = config.compose.albedo_general if general else config.compose.albedo
            renderer = PersonRenderer.learn(config, footage, scheme)
            identity = describe_clip(
                feature, footage.frames, footage.track.landmarks, config.refine.identity_every
            )
            folder = layout.pairs(corpus, clip, length)
            hashes = {}
            for gap in config.compose.training_gaps:
                path = folder / f"rendered-{gap}.mkv"
                write_lossless(path, renderer.training_pairs(footage, gap), title=clip, synthetic=True)
                hashes[path.name] = sha256(path)
            write_npz(folder / "faces.npz", identity=identity, landmarks=footage.track.landmarks)
            receipt[clip] = {"frames": len(footage.frames), "sha256": hashes}
            bar.update(done + 1)
    write_json(layout.pairs_shard(corpus, shard, length), {"feature": feature.name, "clips": receipt})
