"""What is said to a language model: one Markdown file and one typed function a prompt."""
