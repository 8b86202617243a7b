"""talkpose: reproducible evaluation of audio-driven talking-face video with personalised head pose."""

__version__ = "0.1.0"
