"""Dataset versions: made from imports, fixes and decisions; looked through; exported."""
