"""System call filters: the compiler (`bpf`), the numbers it needs (`tables`), and the talk with a listener (`notify`).

https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#seccomp
"""
