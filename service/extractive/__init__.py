"""Answers without a language model: what is asked, which sentences answer it, and whether any does."""
