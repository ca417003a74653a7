"""What `pytest tests` leaves out: tests that need a container engine or an emulated kernel (`make engines`, `make vm-test`)."""

collect_ignore = ["engines", "vm"]
