"""The HTTP server: the API, and who may use it. `async` stands here and in `fetch` alone."""
