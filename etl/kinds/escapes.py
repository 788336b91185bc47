"""One position in a regular expression, and what a backslash stands for there, as Java reads it."""

from __future__ import annotations

import re
import sys
import unicodedata

NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*", re.ASCII)
ONE_LETTER = frozenset("CLMNPSZ")
CATEGORIES = "Cn Lu Ll Lt Lm Lo Mn Me Mc Nd Nl No Zs Zl Zp Cc Cf Co Cs Pd Ps Pe Pc Po Sm Sc Sk So Pi Pf LC LD L1 all"
POSIX = "ASCII Alnum Alpha Blank Cntrl Digit Graph Lower Print Punct Space Upper XDigit"
PROPERTIES = ONE_LETTER | set(CATEGORIES.split()) | set(POSIX.split())
CODES = {"x": r"\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2})", "u": r"()([0-9a-fA-F]{4})", "0": r"()([0-3]?[0-7]{1,2})"}
LETTERS = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class RefusedError(ValueError):
    """Java does not take the expression; says why, and what Java writes instead where that is known."""


class Position:
    """Where a reading is; ``names`` are those of the groups so far, ``behind`` counts the look-behinds around it."""

    def __init__(self, regex: str) -> None:
        self.regex, self.at, self.behind = regex, 0, 0
        self.names: set[str] = set()

    def ahead(self, *texts: str) -> bool:
        return self.regex.startswith(texts, self.at)

    def past(self, text: str) -> bool:
        found = self.ahead(text)
        self.at += len(text) if found else 0
        return found

    def take(self, otherwise: str) -> str:
        if self.at >= len(self.regex):
            raise RefusedError(otherwise)
        self.at += 1
        return self.regex[self.at - 1]

    def name(self, *, new: bool) -> str:
        found = NAME.match(self.regex, self.at)
        self.at = found.end() if found else self.at
        if not found or not self.past(">"):
            raise RefusedError("has a group's name that is not letters and digits, a letter first")
        if (found[0] in self.names) is new:
            raise RefusedError(f"has {'two groups' if new else 'no group'} <{found[0]}>")
        return found[0]

    def escape(self, *, inside: bool) -> str | None:
        """Read what follows a backslash; return the one letter that it stands for, None where it is many or none."""
        letter = self.take("ends with a backslash")
        if letter in "xu0c" or (letter == "N" and self.ahead("{")):
            return self.code(letter)
        if letter == "Q":
            end = self.regex.find("\\E", self.at)
            self.at = len(self.regex) if end < 0 else end + 2
        elif letter in "pP":
            self.property()
        elif letter == "k" and not inside:
            self.reference()
        elif letter in "dDhHsSvVwW" or (not inside and letter in "123456789AbBGRXzZ"):
            if letter in "123456789" and self.behind:
                raise RefusedError("refers to a group within a look-behind")
            self.past("{g}") if letter == "b" else None
        elif letter.isascii() and letter.isalnum() and letter not in LETTERS:
            raise RefusedError(f"has an escape \\{letter} that Java does not know{' in a class' if inside else ''}")
        else:
            return LETTERS.get(letter, letter)
        return None

    def reference(self) -> None:
        """Read the name of a group that was there before."""
        if not self.past("<"):
            raise RefusedError("has a \\k without <name>")
        self.name(new=False)

    def code(self, letter: str) -> str:
        if letter == "N":
            return self.character()
        if letter == "c":
            return chr(ord(self.take("ends with \\c")) ^ 64)
        found = re.compile(CODES[letter]).match(self.regex, self.at)
        value = int(found[1] or found[2], 8 if letter == "0" else 16) if found else -1
        if not found or value > sys.maxunicode:
            raise RefusedError(f"has a \\{letter} without the digits of a character")
        self.at = found.end()
        return chr(value)

    def character(self) -> str:
        name, closed, _ = self.regex[self.at + 1 :].partition("}")
        self.at += len(name) + 2
        try:
            return unicodedata.lookup(name if closed else "")
        except KeyError:
            raise RefusedError(f"has a \\N{{{name[:20]}}} that names no character") from None

    def property(self) -> None:
        name = self.take("ends with \\p")
        if name == "{":
            end = self.regex.find("}", self.at)
            name = self.regex[self.at : end] if end > 0 else ""
            self.at = end + 1
            if not name:
                raise RefusedError("has a \\p{ that is not closed, or names nothing")
            if name.startswith(("Is", "In", "java")) or "=" in name:
                return
        if name not in (PROPERTIES if len(name) > 1 else ONE_LETTER):
            raise RefusedError(f"has a property \\p{{{name}}} that Java does not know")
