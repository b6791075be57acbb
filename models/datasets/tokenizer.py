"""Text to tokens, close to `nltk.word_tokenize`, which the course used, by one regular expression.

Why not nltk itself: its dozen substitutions cost a minute on the Quora file and need a downloaded
model. What is kept of it: contractions come apart (do|n't, it|'s, can|not), punctuation stands
alone, numbers (1,000 and 3.5), hyphens (well-known), slashes (and/or) and U.S. hold together, and
case is kept. What is not: straight double quotes stay as they are, and a final full stop always
stands alone, since nothing here guesses where sentences end.

**No alternative may look across white space.** The token cache tokenises each distinct run of
non-space characters once, which is right only as long as that holds (there is a test).
"""

import hashlib
import re
from typing import Literal, get_args

TokenizerKind = Literal["word", "lower"]
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
"""With its flags inside, so that `re.findall(PATTERN, text)` is all there is to `word`."""
_TOKEN = re.compile(PATTERN)
VERSION = hashlib.sha256(PATTERN.encode()).hexdigest()[:12]
"""Of stored tokens: those of another expression are others."""


def tokenize(text: str, kind: TokenizerKind, token: re.Pattern[str] = _TOKEN) -> list[str]:
    """Tokens of one text, in order; none is empty or holds white space.

    `word` keeps case, `lower` is the same list lower-cased. `token` is another version's
    expression, for what was trained with it.
    """
    tokens: list[str] = token.findall(text)
    return [token.lower() for token in tokens] if kind == "lower" else tokens
