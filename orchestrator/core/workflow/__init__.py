"""Workflows: steps, replies, compensation. Pure; knows no store, no broker and no YAML."""
