"""Normal work: what people and systems do when nothing goes wrong."""
