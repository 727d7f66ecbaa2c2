"""Formats that a catalogue defines: a definition's expressions and a body -> Snapshot.

JSON is searched with JMESPath, HTML with CSS selectors, XML with XPath. The libraries for that are in the extra
`formats`: a user who defines no format needs none of them.
"""

from tracker.parse.custom.format import custom_format, understood
from tracker.parse.custom.trial import ExpressionTrial, Trial, tried

__all__ = ["ExpressionTrial", "Trial", "custom_format", "tried", "understood"]
