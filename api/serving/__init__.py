"""The service on one machine: the API, an embedded broker and a worker as child processes."""
