"""Problem: the one way in which a request is refused (RFC 9457, application/problem+json).

Whatever a client can cause becomes a Problem with a status and a reason per field. Anything
else is a fault of ours: web.py logs it and answers 500 without detail.
"""

TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Conflict",
    411: "Length required",
    412: "Precondition failed",
    413: "Content too large",
    414: "URI too long",
    415: "Unsupported media type",
    422: "Unprocessable content",
    429: "Too many requests",
    431: "Request header fields too large",
    500: "Internal server error",
    501: "Not implemented",
    503: "Service unavailable",
    505: "HTTP version not supported",
}


class Problem(Exception):
    """A refusal: status, a sentence for people, and a reason for each field at fault."""

    def __init__(self, status, detail, errors=(), headers=()):
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)
        self.headers = list(headers)

    def body(self, request_id=None):
        answer = {
            "type": "about:blank",
            "title": TITLES.get(self.status, "Error"),
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            answer["errors"] = self.errors
        if request_id:
            answer["request_id"] = request_id
        return answer


class Invalid(ValueError):
    """A value that its field does not take; the text is the reason shown to the client."""


class Refused(Exception):
    """A rule's no."""

    def __init__(self, field, reason):
        super().__init__(reason)
        self.field = field
        self.reason = reason
