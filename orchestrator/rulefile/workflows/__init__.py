"""Reads workflows: from the parts of a rule file to plans and every problem in them."""
