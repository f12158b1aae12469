"""Stage: pictures with labels → a model bundle. The only home of torch (extra `train`)."""
