"""Tables of counts and fitted constants that ship with the package."""
