"""The kernel's side: system calls that Python's `os` does not have, and the numbers they take.

Knows nothing of containers. `sys` has the calls, `const` the numbers, `abi.h` the C declarations they come through.
"""
