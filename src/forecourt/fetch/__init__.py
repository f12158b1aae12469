"""Fetch: the only home of the HTTP client and of `async`. Its face to the stages is synchronous."""
