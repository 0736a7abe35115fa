"""Where archives are kept: one SQLite file, or an Elasticsearch cluster."""
