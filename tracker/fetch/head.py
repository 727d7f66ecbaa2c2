"""The head of an answer, line by line, as http.client can read it.

Its parser takes the first line that is no field for the end of the head, and all fields behind that line are lost, the
length of the body among them. Browsers skip such a line.
"""

import io
import re
from typing import Final

#: A name and its colon; blanks between them are tolerated, though RFC 9112, section 5.1, allows none.
_NAME: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:")
_ENDS: Final = (b"\r\n", b"\n", b"")
#: http.client refuses longer lines; the rest of one would look like another line.
_LONGEST: Final = 65_536


class HeadReader:
    """Reads the lines of one head after the other, without lines that are no fields."""

    def __init__(self, reader: io.BufferedReader) -> None:
        self._reader = reader
        self._is_within = False
        #: Whether the last field was skipped, and with it its continuation lines.
        self._is_skipping = True

    def readline(self, size: int = -1) -> bytes:
        """Return the next line that is not skipped."""
        while True:
            line = self._reader.readline(size)
            if not self._is_within or line in _ENDS or len(line) > _LONGEST:
                self._is_within = line not in _ENDS
                self._is_skipping = True
                return line
            is_continued = line[:1] in b" \t"
            if not is_continued:
                name = _NAME.match(line)
                self._is_skipping = name is None
                line = line if name is None else name[1] + b":" + line[name.end() :]
            if not self._is_skipping:
                # A bare CR or LF would start a field of its own.
                return line.rstrip(b"\r\n").replace(b"\r", b" ") + b"\r\n"

    def close(self) -> None:
        """Let go of the connection."""
        self._reader.close()
