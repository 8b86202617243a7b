"""The embedded world: people, speech and head motion with known truth, written in the real corpora's layouts."""
