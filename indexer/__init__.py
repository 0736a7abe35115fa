"""From files to a filled archive: sources, cleaning, passages, the pipeline."""
