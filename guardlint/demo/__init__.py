"""``guardlint demo``: the whole path on real input, in one command and without a network."""
