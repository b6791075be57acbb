"""The tokenizers: a regular expression each; that of words is close to `nltk.word_tokenize`, which
the course used.

Why not nltk itself: its dozen substitutions take a minute on the Quora file and need a downloaded
model. The same as there: contractions are split (do|n't, it|'s, can|not), punctuation is a token of
its own, numbers (1,000 and 3.5), hyphens (well-known), slashes (and/or) and U.S. are not split, and
case is kept. Different: straight double quotes stay as they are, and a final full stop is always a
token of its own, since nothing here guesses where sentences end.

`characters` takes every character (code point) that is not white space: for scripts that put no
spaces between words, where a run of non-space characters may be a sentence.

**No alternative may match across white space.** The token cache tokenises each distinct run of
non-space characters once, which is right only as long as that holds (a test checks it).
"""

import hashlib
import re
from typing import Literal, get_args

TokenizerKind = Literal["word", "lower", "characters"]
TOKENIZER_KINDS: tuple[TokenizerKind, ...] = get_args(TokenizerKind)

# Not `\w`: that would cut Devanagari and other scripts at their combining marks.
_PUNCTUATION = (
    r"!-/:-@\[-^`{-~\u00a1-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf"
    r"\u2010-\u2027\u2030-\u205e\u3001-\u3003\u3008-\u3011\uff01-\uff0f\uff1a-\uff20"
)
_W = rf"[^\s{_PUNCTUATION}]"
_END = rf"(?!{_W})"
_SUFFIX = rf"'(?:s|m|d|ll|re|ve){_END}"
PATTERN = rf"""(?xi)
      n't{_END}                                   # the second half of don't
    | {_SUFFIX}                                   # ... and of it's, I'm, we'll
    | {_W}+?(?=n't{_END})                         # the first half of don't
    | can(?=not{_END}) | (?:gon|wan)(?=na{_END})  # cannot, gonna, wanna
    | (?:[^\W\d_]\.){{2,}}{_END}                  # U.S. and e.g.
    | {_W}+ (?: (?!{_SUFFIX}) (?: [-./'] | (?<=\d)[,:](?=\d) ) {_W}+ )*
    | \.{{2,}} | -{{2,}}
    | \S
    """
"""The flags are inside, so that `word` is just `re.findall(PATTERN, text)`."""
PATTERNS: dict[TokenizerKind, str] = {"word": PATTERN, "lower": PATTERN, "characters": r"\S"}
_TOKENS = {kind: re.compile(pattern) for kind, pattern in PATTERNS.items()}


def version_of(kind: TokenizerKind) -> str:
    """The version of stored tokens: another expression gives other tokens."""
    return hashlib.sha256(PATTERNS[kind].encode()).hexdigest()[:12]


def tokenize(text: str, kind: TokenizerKind, token: re.Pattern[str] | None = None) -> list[str]:
    """Tokens of one text, in order; none is empty or holds white space.

    `word` keeps case, `lower` is the same list in lower case; `characters` keeps case too. `token`
    is the expression of another version, for weights that were trained with it.
    """
    tokens: list[str] = (_TOKENS[kind] if token is None else token).findall(text)
    return [token.lower() for token in tokens] if kind == "lower" else tokens
