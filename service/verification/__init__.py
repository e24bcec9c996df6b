"""Sentence and sources in, verdict and quote out; pure, no model."""
