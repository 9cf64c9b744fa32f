"""The HTTP API of other systems, `/api/v1` (docs/api.md): bearer tokens with scopes, JSON in and out, no cookies.

Every endpoint stands once, with what it needs, takes and gives: its route and its place in the OpenAPI document are
made of the same line.
"""

from dialer.console.api.bearer import API, ApiParts, RateLimiter
from dialer.console.api.endpoints import ENDPOINTS, api_routes
from dialer.console.api.problems import explain_api_errors

__all__ = ["API", "ENDPOINTS", "ApiParts", "RateLimiter", "api_routes", "explain_api_errors"]
