"""Jobs: what the edges (command line, server, worker) run; idempotent and resumable."""
