"""`python -m runtime_ref`: the same as `runtime-ref`, with a slower start."""

from runtime_ref.console_script import main

main()
