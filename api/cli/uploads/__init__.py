"""What the command uploads, lists and deletes: data sets, pretrained encoders, token vectors."""
