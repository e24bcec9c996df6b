"""English as news writes it: words, names, numbers, dates, and what is the same in other words; pure."""
