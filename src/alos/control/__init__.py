"""The nouns people govern: one file each."""
