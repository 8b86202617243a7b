"""The embedded world: people, speech and head motion with known truth, in the real corpora's layouts."""
