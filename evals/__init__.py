"""Fixed questions with what is known of their answers, asked of this service or any other: a gate for a build."""
