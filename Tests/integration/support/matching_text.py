# SPDX-License-Identifier: Apache-2.0
"""Texts that match, or just do not match, the regular expressions of a service model."""

import itertools
import re
from re import _constants as sre
from re import _parser as sre_parser

# What classes are asked for, in this order: harmless characters first, then the rest of ASCII, then wide ones.
_CANDIDATES = [chr(code) for code in (*range(0x61, 0x7B), *range(0x41, 0x5B), *range(0x30, 0x3A))]
_CANDIDATES += [chr(code) for code in range(0x20, 0x7F) if chr(code) not in _CANDIDATES] + ["\t", "é", "中", "🙂"]
# What is slipped into a matching text to spoil it.
_SPOILERS = [" ", "\n", "\x01", "<", "é", "{", "\\", "\u2028", "\uffff", "!"]
_NO_LINE_TERMINATOR = r"[^\n\r\u0085\u2028\u2029]"


class MatchingText:
    """One pattern, read as Java reads it (ASCII classes; a dot is no line terminator) and matched against whole texts."""

    def __init__(self, source):
        self.source = source
        translated = _python_of(source)
        self._compiled = re.compile(translated, re.ASCII)
        self._tree = sre_parser.parse(translated, re.ASCII)

    def matches(self, text):
        return self._compiled.fullmatch(text) is not None

    def of_length(self, length):
        """A matching text of `length` characters, or the nearest length that the pattern has."""
        for offset in range(len(_CANDIDATES)):
            text = self._of_length(length, offset)
            if self.matches(text):
                return text
        raise AssertionError(f"no text found for {self.source}")

    def _of_length(self, length, offset):
        shortest, _ = _generate(self._tree, 0, itertools.repeat(offset))
        extra = max(0, length - len(shortest))
        # Long texts go through the characters of each class, so that every one of them is tried.
        text = _generate(self._tree, extra, itertools.count(offset))[0]
        # An alternative that takes more characters may itself begin with more of them.
        excess = len(text) - length
        return text if excess <= 0 or extra == 0 else _generate(self._tree, extra - excess, itertools.count(offset))[0]

    def spoiled(self, least, most):
        """Texts of a length within the bounds that do not match: empty, with a forbidden beginning, and spoiled at the
        start, middle and end."""
        base = self.of_length(max(least, min(most, 8)))
        beginnings = [_generate(argument[1], 0, itertools.repeat(0))[0]
                      for operation, argument in self._tree if operation is sre.ASSERT_NOT]
        found = [text for text in ("", *(beginning + base for beginning in beginnings))
                 if least <= len(text) <= most and not self.matches(text)]
        for place in sorted({0, len(base) // 2, len(base)}):
            for spoiler in _SPOILERS:
                inserted = base[:place] + spoiler + base[place:]
                replaced = base[:place] + spoiler + base[place + 1:]
                fitting = [text for text in (inserted, replaced) if least <= len(text) <= most and not self.matches(text)]
                if fitting:
                    found.append(fitting[0])
                    break
        return list(dict.fromkeys(found))


def _python_of(source):
    """The same expression for Python: surrogate pairs joined, dots outside of classes spelled out."""
    source = source.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    result, in_class, place = [], False, 0
    while place < len(source):
        character = source[place]
        if character == "\\":
            result.append(source[place:place + 2])
            place += 2
            continue
        in_class = character == "[" or (in_class and character != "]")
        result.append(_NO_LINE_TERMINATOR if character == "." and not in_class else character)
        place += 1
    return "".join(result)


def _generate(nodes, extra, turns):
    """(text, characters of `extra` that found no place)."""
    parts = []
    for operation, argument in nodes:
        part, extra = _node(operation, argument, extra, turns)
        parts.append(part)
    return "".join(parts), extra


def _node(operation, argument, extra, turns):
    if operation is sre.LITERAL:
        return chr(argument), extra
    if operation is sre.IN:
        return _member(argument, next(turns)), extra
    if operation is sre.SUBPATTERN:
        return _generate(argument[-1], extra, turns)
    if operation is sre.MAX_REPEAT:
        least, most, inner = argument
        text = "".join(_generate(inner, 0, turns)[0] for _ in range(least))
        for _ in range(least, most):
            more = _generate(inner, 0, turns)[0] if extra > 0 else ""
            if not more or len(more) > extra:
                break
            text, extra = text + more, extra - len(more)
        return text, extra
    if operation is sre.BRANCH:
        # The alternative that leaves the least of the wished length over.
        return min((_generate(branch, extra, turns) for branch in argument[1]), key=lambda made: made[1])
    if operation in (sre.AT, sre.ASSERT_NOT):
        return "", extra  # what is made is matched against the whole expression later
    raise AssertionError(f"no generator for {operation}")


def _member(items, turn):
    fitting = [character for character in _CANDIDATES if _contains(items, character)]
    assert fitting, f"no character found in {items}"
    return fitting[turn % len(fitting)]


def _contains(items, character):
    negated = items[0][0] is sre.NEGATE
    return any(_is(kind, value, character) for kind, value in items[1 if negated else 0:]) != negated


def _is(kind, value, character):
    if kind is sre.LITERAL:
        return ord(character) == value
    if kind is sre.RANGE:
        return value[0] <= ord(character) <= value[1]
    return re.fullmatch(_CATEGORIES[value], character, re.ASCII) is not None


_CATEGORIES = {sre.CATEGORY_WORD: r"\w", sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_SPACE: r"\s",
               sre.CATEGORY_NOT_WORD: r"\W", sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_NOT_SPACE: r"\S"}
