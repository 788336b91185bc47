r"""Whether Java takes a regular expression, as far as can be known without Java; the JVM has the last word.

What Java reads is read here the same way: groups, classes, escapes, quantifiers. Left to the JVM are names of Unicode
scripts, blocks and Java's own methods (``\p{IsLatin}``, ``\p{javaLowerCase}``), endless repetition within a
look-behind, which each Java takes otherwise, and an expression with comments.
"""

from __future__ import annotations

import re

from etl.kinds.escapes import Position, RefusedError

FLAGS = re.compile(r"\(\?[idmsuxU]*(-[idmsuxU]*)?[:)]", re.ASCII)
COUNT = re.compile(r"\{(\d+)(,(\d*))?\}", re.ASCII)
POSIX = re.compile(r":\^?[a-z]+:\]")
GROUPS = ("(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!")
MOST = 2**31 - 1  # Java's greatest number of repetitions


def refused(regex: str) -> str | None:
    """Say why Java does not take an expression, or reads it otherwise than it is meant; None if nothing is known."""
    if re.search(r"(?<!\\)\(\?[a-zA-Z]*x", regex):
        return None
    try:
        _Reading(regex).whole()
    except RefusedError as error:
        return str(error)
    return None


class _Reading(Position):
    def whole(self) -> None:
        self.choices()
        if self.at < len(self.regex):
            raise RefusedError("has a ) that closes no group")

    def choices(self) -> None:
        while self.at < len(self.regex) and not self.ahead(")"):
            if self.ahead("*", "+", "?"):
                raise RefusedError(f"repeats nothing with {self.regex[self.at]!r} at character {self.at}")
            if self.ahead("{") or self.atom():
                self.quantifier()

    def atom(self) -> bool:
        """Read what a quantifier may follow; return False where none may."""
        if self.ahead("("):
            return self.group()
        if self.past("["):
            self.members()
        elif self.past("\\"):
            self.escape(inside=False)
        else:
            return self.take("") != "|"
        return True

    def quantifier(self) -> None:
        if not (self.past("*") or self.past("+") or self.past("?")):
            if not self.ahead("{"):
                return
            count = COUNT.match(self.regex, self.at)
            if not count:
                raise RefusedError(f"has a {{ that counts nothing at character {self.at}; a brace itself is \\{{")
            least, most = int(count[1]), int(count[3] or count[1])
            if not least <= most <= MOST:
                raise RefusedError(f"repeats from {least} to {most} times")
            self.at = count.end()
        self.past("?") or self.past("+")

    def group(self) -> bool:
        """Read a group past its end; return False for one that only sets flags."""
        if self.ahead("(?P"):
            raise RefusedError("is Python's; Java spells a named group (?<name>…) and a reference to it \\k<name>")
        flags, looks_behind = FLAGS.match(self.regex, self.at), self.ahead("(?<=", "(?<!")
        if flags and not self.ahead("(?:"):
            self.at = flags.end()
            if flags[0].endswith(")"):
                return False
        elif self.ahead(*GROUPS):
            self.at += 4 if looks_behind else 3
        elif self.past("(?<"):
            self.names.add(self.name(new=True))
        elif self.ahead("(?"):
            raise RefusedError(f"has a group {self.regex[self.at : self.at + 4]!r} that Java does not know")
        else:
            self.at += 1
        self.behind += looks_behind
        self.choices()
        self.behind -= looks_behind
        if not self.past(")"):
            raise RefusedError("has a ( that is not closed")
        return True

    def members(self) -> None:
        """Read a class past its end; what stands first in it is a member, be it a bracket."""
        self.past("^")
        if self.ahead(":") and POSIX.match(self.regex, self.at):
            raise RefusedError("has a class [:…:] as POSIX spells it; Java spells it \\p{Alpha}, \\p{Digit} …")
        empty = True
        while True:
            if self.ahead("]") and not empty:
                self.at += 1
                return
            if self.past("&&"):
                continue
            if self.past("["):
                self.members()
            else:
                self.reach()
            empty = False

    def reach(self) -> None:
        """Read a member of a class, or all from one to another."""
        first = self.member()
        if first is None or not self.ahead("-") or self.ahead("-]", "-["):
            return
        self.at += 1
        last = self.member()
        if last is None or last < first:
            raise RefusedError(f"has a range that begins after its end, before character {self.at}")

    def member(self) -> str | None:
        found = self.take("has a [ that is not closed")
        return self.escape(inside=True) if found == "\\" else found
