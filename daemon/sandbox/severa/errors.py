"""Severa's own way of saying no: an HTTP status and an `ExceptionModel`."""

from typing import Any, Literal

LocationType = Literal["PathParameter", "RequestBody", "RequestHeader", "UriParameter"]


class SeveraError(Exception):
    """A refusal by the sandbox Severa, of an API call or of an edit by hand."""

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        location: LocationType = "RequestBody",
        name: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.location: LocationType = location
        self.name = name

    def body(self, url: str) -> dict[str, Any] | None:
        """Return the answer's JSON; None for 404, which is declared without a body."""
        if self.status == 404:
            return None
        location = {"type": self.location, "name": self.name, "identifier": None}
        detail = {"message": str(self), "url": url, "location": location}
        error = {
            "httpStatusCode": self.status,
            "type": self.kind,
            "details": [detail],
            "stack": None,
        }
        return {"error": error}


def invalid(name: str, message: str, *, location: LocationType = "RequestBody") -> SeveraError:
    """Return the refusal of one value."""
    return SeveraError(400, "InvalidParameter", message, location=location, name=name)


def forbidden_operation(message: str) -> SeveraError:
    """Return the refusal of something that is well-formed but not allowed."""
    return SeveraError(400, "InvalidOperation", message)


def not_found(what: str) -> SeveraError:
    """Return the answer for an id that nothing (or nothing any more) goes by."""
    return SeveraError(404, "InvalidParameter", f"{what} was not found.", location="PathParameter")
