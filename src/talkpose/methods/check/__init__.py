"""`talkpose baseline check`: everything that a baseline must satisfy, tried on a tiny corpus."""
