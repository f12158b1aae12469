"""Stage: a model and labelled pictures → figures with intervals, and the tables of a model card."""
