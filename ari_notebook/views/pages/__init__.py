"""Pages in an output: tables, the reference, the course, the demonstration."""
