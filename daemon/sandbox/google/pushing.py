"""How Google refuses push channels ("Push notifications")."""

from daemon.sandbox.google.errors import ApiError


def not_unique(channel: str) -> ApiError:
    """Return the refusal of a channel id that was used before."""
    return ApiError(400, "channelIdNotUnique", f"Channel id {channel} not unique")


def not_https() -> ApiError:
    """Return the refusal of an address without TLS."""
    return ApiError(400, "push.webhookUrlNotHttps", "WebHook callback must be HTTPS")


def unauthorized(address: str) -> ApiError:
    """Return the refusal of an address on a host that the project may not name."""
    message = f"Unauthorized WebHook callback channel: {address}"
    return ApiError(401, "push.webhookUrlUnauthorized", message)


def not_supported() -> ApiError:
    """Return the refusal of a calendar that tells nobody of its changes."""
    message = "Push notifications are not supported by this resource."
    return ApiError(400, "pushNotSupportedForRequestedResource", message, domain="calendar")


def bad_ttl(seconds: int) -> ApiError:
    """Return the refusal of an expiration that is past, or is not in milliseconds."""
    return ApiError(400, "invalid", f"Invalid ttl value for channel {seconds}")


def bad_type() -> ApiError:
    """Return the refusal of a channel that is no web hook."""
    return ApiError(400, "push.channelTypeNotSupported", "Channel type not supported")


def unknown(channel: str, project: str) -> ApiError:
    """Return the answer to the stop of a channel that is unknown, expired or another's."""
    message = f"Channel '{channel}' not found for project '{project}'"
    return ApiError(404, "notFound", message)
