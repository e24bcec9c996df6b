"""Articles in, cited passages out. Knows no HTTP and no language model."""
