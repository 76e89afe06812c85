"""Rules that turn one operator, with what stands below it, into an equal one; None where they do not apply."""
