"""Sentences that say different things of the same: which they are, and in what they differ."""
