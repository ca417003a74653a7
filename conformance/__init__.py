"""What is asked of a runtime: cases, the harness that runs them, and the judge."""

__version__ = "0.1.0"
