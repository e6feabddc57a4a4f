"""People: by what a guest is known beside their id, and which guests were found to be one person."""
