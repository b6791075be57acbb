"""Token vectors as people have them: read from the usual files, and kept in one compact form."""
