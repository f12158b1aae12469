"""Identity: what names an image. Pure functions over what a server said; no input or output."""
