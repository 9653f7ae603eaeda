"""What the product costs, measured against what a user would write by hand, in one run."""
