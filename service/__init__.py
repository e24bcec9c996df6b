"""Question in, verified and cited answer out."""
