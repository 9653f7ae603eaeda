"""What people and programs do with workflows, whichever door they come through. No terminal."""
