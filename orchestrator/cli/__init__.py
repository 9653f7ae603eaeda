"""What people type. Every command is thin: the knowledge lies in the packages it calls."""
