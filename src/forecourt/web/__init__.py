"""The HTTP server: the API, and who may use it. The only room besides `fetch` with `async` in it."""
