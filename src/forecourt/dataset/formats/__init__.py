"""Labelled pictures of others: folders by class, tables, COCO, Label Studio, Hugging Face."""
