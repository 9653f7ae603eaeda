"""What `make demo` and `make run` are made of. Uses the product; the product does not know it."""
