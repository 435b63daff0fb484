"""What the server logs of each call: which, how it was answered, and how long that took; never its query."""

import logging
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

UNTOLD: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""What programs ask all day long."""


class AccessLog(AbstractAccessLogger):
    """Writes a line for each call at level debug: a thousand pushes a second are not to be a thousand lines."""

    @property
    def enabled(self) -> bool:
        """Tell whether anything is to be logged, so that nothing is timed in vain."""
        return self.logger.isEnabledFor(logging.DEBUG)

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Log one call; `time` is in seconds."""
        if request.path in UNTOLD:
            return
        fields = {
            "method": request.method,
            "path": request.path,
            "status": response.status,
            "seconds": round(time, 4),
        }
        self.logger.debug("web.answered", extra=fields)
