"""Notations of a status in a title or a text, as patterns; other modules judge whether the words are statuses.

All of them match a bounded beginning or end, or skip a text once.
"""

import re
from typing import Final

_OPENING: Final = r"[\[({\u3010\uff3b\uff08\u3014<\u300c]"
_CLOSING: Final = r"[\])}\u3011\uff3d\uff09\u3015>\u300d]"
_INSIDE: Final = r"[^\[\](){}\u3010\u3011\uff3b\uff3d\uff08\uff09\u3014\u3015<>\u300c\u300d\n]{2,60}"
#: Between a status and its title or text. A hyphen needs a blank behind it, since words have hyphens too.
_BETWEEN: Final = r"(?:[ \t]*(?:[:\uff1a|\u2013\u2014\u2015\u00b7\u2022\u00bb]|-(?=\s|\Z)|->|=>|//|[;>](?=\s))[ \t]*)"
FRONT_BRACKET: Final = re.compile(
    rf"\s*{_OPENING}\s*(?P<word>{_INSIDE}?)\s*{_CLOSING}{_BETWEEN}?\s*(?P<rest>.*)\Z", re.DOTALL
)
BACK_BRACKET: Final = re.compile(rf"(?P<rest>.*\S) ?{_OPENING}\s*(?P<word>{_INSIDE}?)\s*{_CLOSING}\s*\Z", re.DOTALL)
MARKED: Final = re.compile(r"[\[\u3010\uff3b](?P<word>[^\[\]\u3010\u3011\uff3b\uff3d]{2,40})[\]\u3011\uff3d]")
FRONT_WORD: Final = re.compile(
    rf"\s*(?P<word>[^\n]{{2,60}}?)(?: ?\((?=[^()\n]*\d)[^()\n]{{1,40}}\))?{_BETWEEN}(?P<rest>.*)\Z", re.DOTALL
)
BACK_WORD: Final = re.compile(
    r"(?P<rest>.*\S)(?: (?:-{1,2}|//|[|\u2013\u2014\u2015\u00b7\u2022])| ?(?P<colon>[:\uff1a])) "
    r"(?P<word>[^\n]{2,40})\Z",
    re.DOTALL,
)
MARK: Final = re.compile(_BETWEEN)
#: The part of a title, from its begin, that may hold a status between two marks.
MIDDLE: Final = 120
#: Words that may precede a status without a mark between them: `[P1] Resolved: title`, `10:00 UTC Resolved - text`
LABEL: Final = re.compile(
    r"\s*(?P<label>\[[^\[\]\n]{1,60}\]:?|(?=[^\n]{0,20}\d)(?:(?:\d[\d:./-]*[\dZ]?|[A-Z]{2,4}|[AaPp][Mm]"
    r"|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}),? ){1,6})"
    r"\s*(?P<rest>\S.*)\Z",
    re.DOTALL,
)
SHOUTED: Final = re.compile(r"\s*(?P<word>[A-Z]{5,}) (?P<rest>(?=.*[a-z]).*\S)\s*\Z", re.DOTALL)
#: `Investigating -> Resolved`, `Status changed from Investigating to Resolved`
CHANGED: Final = re.compile(
    r"\s*(?:[^\n:\uff1a]{2,24} ?[:\uff1a]\s*|(?:the )?(?:incident )?(?:status|state) (?:has )?changed from )?"
    r"[\"'\u201c]?(?P<before>[^\n\"']{2,40}?)[\"'\u201d]?\s*(?:->|=>|[\u2192\u279c\u2794\u21d2\u27f6]|\bto\b)\s*"
    rf"[\"'\u201c]?(?P<word>[^\n\"']{{2,40}}?)[\"'\u201d]?(?:{_BETWEEN}|[.,!](?=\s|\Z)|\n|\Z)(?P<rest>.*)\Z",
    re.DOTALL | re.IGNORECASE,
)
LONE_WORD: Final = re.compile(
    r"\s*(?P<word>[^\n]{2,60}?)[ \t]*[.!\u3002\uff01]?[ \t]*(?:\n+(?P<rest>.*))?\Z", re.DOTALL
)
#: A sentence of one word.
SENTENCE: Final = re.compile(
    r"\s*(?P<word>[^\n.!\u3002\uff01]{2,60}?)(?:[.!]+\s+(?![a-z])|[\u3002\uff01]+\s*)(?P<rest>.*\S)\s*\Z", re.DOTALL
)
#: Last texts of incidents that platforms suggest.
LAST_TEXT: Final = re.compile(
    r"\s*(?:this|the) (?:incident|issue|problem|outage|(?:scheduled )?maintenance) (?:has been|is|was) "
    r"(?:now |fully ){0,2}(?P<word>resolved|completed)[.!]?\s*",
    re.IGNORECASE,
)
HEADING: Final = re.compile(
    r"\s*(?P<heading>[^\n:\uff1a=|]{2,24}?)(?: ?[:\uff1a=]\s{0,3}| [-|\u2013\u2014] |\n+)"
    r"(?P<line>[^\n]{1,400})(?:\n|\Z)"
)
#: Behind a status that a heading announces: the end of the word, where a text begins.
ENDS: Final = re.compile(
    rf"(?P<mark>{_BETWEEN})|[ \t]*(?:[.,;!]+(?=\s|\Z)|[\u3002\uff0c\uff1b\uff01\u3001]+)[ \t]*|[ \t]+(?=\()"
)
#: FireHydrant: `Milestone is now 'resolved'`
ANNOUNCED: Final = re.compile(
    r"(?:the )?(?:incident )?(?:milestone|status|state) (?:is now|has changed to|changed to|set to) "
    r"[\"'\u201c\u2018]?(?P<word>[^\"'\u201d\u2019.\n]{2,40})[\"'\u201d\u2019.]?(?:\s|\Z)",
    re.IGNORECASE,
)
LINE: Final = re.compile(
    r"^(?P<heading>[^\n:\uff1a=|]{2,24}?)(?: ?[:\uff1a=] ?| [-|\u2013\u2014] )(?P<word>[^\n]{2,60})$", re.MULTILINE
)
#: Cells of a table.
ROW: Final = re.compile(r"^(?P<heading>\S{2,24}) (?P<word>[^\n]{2,40})$", re.MULTILINE)
LOOKED_AT: Final = 2_000
SIGNS: Final = re.compile(r"[^\w\[\](){}<\u3010\uff3b\uff08\u3014\u300c*\"']*")
EMPHASIS: Final = re.compile(r"\A(?P<mark>\*\*|\*|__)(?P<inside>[^*\n]{2,60}?)(?P=mark)")
BEHIND_WORD: Final = re.compile(r"(?:\s+#?\d{1,3}|#\d{1,3})?[\s.!:]*\Z")
BEFORE_WORD: Final = re.compile(r"\A(?:(?:current )?(?:status|state) ?[:=-] ?|(?:now|fully) )", re.IGNORECASE)
HEADING_BEHIND: Final = re.compile(r"\s*[-|,\u2013\u2014]\s*(?:current )?(?:status|state)\Z", re.IGNORECASE)
