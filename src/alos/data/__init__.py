"""Templates, rule packs and wording that ship with the package."""
