"""A year of new advertisers, kinds and fixes, replayed with three ways to keep a model."""
