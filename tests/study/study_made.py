"""Keys and answers of made studies, without any video."""

from talkpose.study.config import StudyConfig
from talkpose.study.schema import GroupKey, Key, PacketKey, Passes, TrialKey, VideoKey
from talkpose.study.simulate import answer_row, seal


def video(*parts):
    """A name of 16 digits that depends on the parts."""
    import hashlib

    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def made_key(design, methods, people, groups, criteria=("image_quality",), traps=False, config=None):
    """A key of one design; with `real` among the methods of a rating."""
    videos, group_keys, packets = {}, {}, {}
    for g in range(1, groups + 1):
        named = {m: video(g, m) for m in (*methods, "real")}
        for m, name in named.items():
            item = f"person-{g:02d}__own"
            videos[name] = VideoKey(
                method=m, item=item, person=f"person-{g:02d}", audio="own", corpus="people"
            )
        broken = video(g, "broken")
        videos[broken] = VideoKey(
            method="broken",
            item=f"person-{g:02d}__own",
            person=f"person-{g:02d}",
            audio="own",
            corpus="people",
        )
        group_keys[f"g{g:03d}"] = GroupKey(
            name=design, item=f"person-{g:02d}__own", person=f"person-{g:02d}", audio="own", corpus="people",
            videos=named,
        )  # fmt: skip
    for p in range(1, people + 1):
        trials = []
        screens = [[c] for c in criteria] if design == "best-of-n" else [list(criteria)]
        for screen in screens:
            for g, known in enumerate(group_keys.values(), 1):
                order = [*methods[(p + g) % len(methods) :], *methods[: (p + g) % len(methods)]]
                if design == "rating":
                    order = ["real", methods[g % len(methods)]][:: 1 if (p + g) % 2 else -1]
                trials.append(
                    TrialKey(
                        trial=f"t{len(trials) + 1:04d}", kind="main", group=f"g{g:03d}", criteria=screen,
                        reference=None if design == "rating" else known.videos["real"],
                        shown=[known.videos[m] for m in order],
                    )
                )  # fmt: skip
        if traps:
            first = group_keys["g001"]
            shown = [first.videos[m] for m in methods]
            spoilt = video(1, "broken")
            trials.append(
                TrialKey(
                    trial=f"t{len(trials) + 1:04d}", kind="trap-broken", group="g001",
                    criteria=list(criteria)[:1], reference=first.videos["real"], shown=[spoilt, *shown[:-1]],
                    passes=Passes(not_chosen=[spoilt]),
                )
            )  # fmt: skip
            trials.append(
                TrialKey(
                    trial=f"t{len(trials) + 1:04d}", kind="trap-duplicate", group="g001",
                    criteria=list(criteria)[:1], reference=first.videos["real"],
                    shown=trials[0].shown[::-1], passes=Passes(same_as="t0001"),
                )
            )  # fmt: skip
        packets[f"p{p:03d}"] = PacketKey(
            design=design, name=design, number=p, hash=f"{p:064x}", trials=trials
        )
    names = {design: [*methods]}
    return Key(
        study="made", run="made", seed=0, secret="0" * 64, config={} if config is None else config,
        methods=names, videos=videos, groups=group_keys, packets=packets, shared={},
    )  # fmt: skip


def answered(key, decide, complete=True):
    """Answers of every packet: decide(packet, trial, criterion) -> (method names chosen, rating)."""
    for packet, known in key.packets.items():
        rows = []
        for trial in known.trials:
            for criterion in trial.criteria:
                chosen, rating = decide(packet, trial, criterion)
                names = [v for v in trial.shown if key.videos[v].method in chosen]
                rows.append(answer_row(trial, criterion, names, rating, 9000))
        yield seal(key, packet, rows, complete, f"{int(packet[1:]):016x}")


def expand(counts, order):
    """Counts by option to a list of that many choices, mixed by a fixed stride so that people are alike."""
    flat = [option for option, count in counts.items() for _ in range(count)]
    stride = next(s for s in range(len(flat) // 3 + 1, 2 * len(flat)) if _coprime(s, len(flat)))
    return [flat[(k * stride) % len(flat)] for k in range(len(flat))] if order else flat


def _coprime(a, b):
    while b:
        a, b = b, a % b
    return a == 1


__all__ = ["StudyConfig", "answered", "expand", "made_key", "video"]
