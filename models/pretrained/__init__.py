"""Pretrained encoders as people have them: a folder of a config, weights and a tokenizer.

Everything here reads with Python alone, so that the API needs neither torch nor transformers, and
no file of a sender is ever executed.
"""
