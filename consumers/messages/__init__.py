"""The messages of the sample services as types, a module each. Their source is schemas/."""
