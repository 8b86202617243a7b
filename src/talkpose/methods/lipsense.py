"""A first lesson for a baseline's audio encoder: from a window of sound, tell how the lips stand.

On a small corpus the pixels of a face teach an audio encoder next to nothing within minutes; the lips'
landmarks do. `You said that` starts its audio encoder from a network that was trained to match sound and
lips, for the same reason.
"""

import numpy as np
import torch
from torch import Tensor, nn

from talkpose.methods.lips import CODES
from talkpose.methods.stills import StillSource
from talkpose.methods.training import Session, decay


def teach_lips(
    session: Session,
    encoder: nn.Module,
    embedding: int,
    source: StillSource,
    *,
    steps: int,
    batch: int,
    lr: float,
) -> None:
    """Train `encoder`, (B, rows, columns) -> (B, embedding), to tell the lips' codes.

    An embedding of 8 is the codes themselves; a larger one tells them by a linear head, which is dropped. The
    phase is called `lips`; its curve is the squared error over that of always telling the mean.
    """
    torch.manual_seed(session.seed)
    head = nn.Identity() if embedding == CODES else nn.Linear(embedding, CODES)
    head.to(session.device)
    parts = [source.sounds_and_codes(number) for number in source.sample(session.seed)]
    heard = torch.from_numpy(np.concatenate([sounds for sounds, _ in parts]))
    codes = torch.from_numpy(np.concatenate([codes for _, codes in parts]))
    seen = codes.isfinite().all(1)
    heard, codes = heard[seen], codes[seen]
    learnt = [*encoder.to(session.device).parameters(), *head.parameters()]
    adam = torch.optim.AdamW(learnt, lr, weight_decay=0.01, fused=True)

    def step(index: int) -> dict[str, Tensor]:
        decay(adam, lr, index, steps)
        chosen = torch.from_numpy(session.rng("batch").integers(len(heard), size=batch))
        wanted = codes[chosen].to(session.device)
        with session.autocast():
            error = (head(encoder(heard[chosen].to(session.device))) - wanted).square().sum(1).mean()
        session.descend(adam, error)
        return {"error": error.detach() / wanted.square().sum(1).mean()}

    session.run("lips", steps, step, {"encoder": encoder, "head": head}, {"adam": adam})
