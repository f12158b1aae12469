"""Hard pictures, drawn from labelled ones: what a model meets beside clean photos and renders."""
