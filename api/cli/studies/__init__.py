"""`tripletlab study`: one question asked on several data sets."""
