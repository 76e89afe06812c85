"""Functions of URLs and network addresses (UrlFunctions.java, IpAddressFunctions.java)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from meshloom.engine.sql.functions.rows import row_function
from meshloom.engine.sql.functions.uris import Uri, decoded, joined, parse

T, TEXTS = "STRING", "STRING_ARRAY"
GENERIC = frozenset({"com", "net", "org", "co"})
Function = Callable[[Uri], Any]


def of_uri(function: Function, otherwise: Any = None) -> Callable[[str], Any]:
    """What a function finds in a URI; `otherwise` when there is nothing, or the text is none."""

    def found(text: str) -> Any:
        uri = parse(text)
        value = None if uri is None else function(uri)
        return otherwise if value is None else value

    return found


def without_www(uri: Uri) -> str | None:
    return uri.host and uri.host.removeprefix("www.")


def labels(uri: Uri) -> list[str]:
    return uri.host.rstrip(".").split(".") if uri.host else []


def significant(uri: Uri) -> list[str]:
    """From the first significant subdomain on: two labels of the usual domains, else three."""
    found = labels(uri)
    return found if len(found) <= 2 else found[-2:] if found[-1] in GENERIC else found[-3:]


def first_significant(uri: Uri) -> str | None:
    return next(iter(significant(uri)), None)


def cut(uri: Uri) -> str | None:
    return uri.host if len(labels(uri)) <= 2 else ".".join(significant(uri))


def cut_with_www(uri: Uri) -> str | None:
    found, kept = labels(uri), significant(uri)
    whole = len(found) > 2 and found[0] == "www" and len(found) == len(kept) + 1
    return ".".join(found) if whole else cut(uri)


def path(uri: Uri) -> str | None:
    return None if uri.scheme is None or uri.host is None else decoded(uri.path)


def raw_path(uri: Uri) -> str | None:
    return None if uri.scheme is None or uri.host is None else uri.path


def query_and_fragment(uri: Uri) -> str | None:
    return "#".join(part for part in (decoded(uri.query), decoded(uri.fragment)) if part) or None


def netloc(uri: Uri) -> str:
    user = f"{decoded(uri.user)}@" if uri.user else ""
    return f"{user}{uri.host or ''}{'' if uri.port == -1 else f':{uri.port}'}"


def split(text: str, separator: str) -> list[str]:
    """String.split: without empty parts at the end."""
    parts = text.split(separator)
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts


def parameters(uri: Uri) -> list[str]:
    return [] if uri.query is None else split(decoded(uri.query) or "", "&")


def parameter(text: str, name: str) -> str:
    uri = parse(text)
    pairs = [one.partition("=") for one in parameters(uri)] if uri else []
    return next((value for key, _, value in pairs if key == name), "")


def hierarchy(uri: Uri) -> list[str]:
    found = path(uri)
    if found is None:
        return []
    parts = [f"{uri.scheme}://{uri.host}", *split(found, "/")[1:]] if found.strip("/") or not found else []
    return ["/".join(parts[:size]) for size in range(1, len(parts) + 1)]


def path_hierarchy(uri: Uri) -> list[str]:
    parts = split(decoded(uri.path) or "", "/")
    return ["/" + "/".join(parts[1:size]) for size in range(2, len(parts) + 1)]


def rebuilt(text: str, *, query: bool = True, fragment: bool = True, www: bool = True) -> str:
    """The URI without those of its parts; the text itself when it is none."""
    uri = parse(text)
    if uri is None:
        return text
    host = uri.host if www else without_www(uri)
    kept = decoded(uri.query) if query else None
    return joined(uri, kept, decoded(uri.fragment) if fragment else None, host) or text


def without(text: str, name: str) -> str:
    uri = parse(text)
    if uri is None or not uri.query:
        return text
    kept = [one for one in parameters(uri) if unquote_plus(one.partition("=")[0]) != name]
    return joined(uri, "&".join(kept) or None, decoded(uri.fragment), uri.host) or text


def without_each(text: str, names: list[str]) -> str:
    for name in names:
        text = without(text, name)
    return text


def decode(text: str) -> str | None:
    """URLDecoder.decode: nothing for what was never encoded."""
    return None if re.search("%(?![0-9A-Fa-f]{2})", text) else unquote_plus(text)


for names, function, result, types in (
    ("urlProtocol", of_uri(lambda uri: uri.scheme), T, [T]), ("urlDomain", of_uri(lambda uri: uri.host), T, [T]),
    ("urlDomainWithoutWWW", of_uri(without_www), T, [T]),
    ("urlTopLevelDomain", of_uri(lambda uri: labels(uri)[-1] if uri.host else None), T, [T]),
    ("urlFirstSignificantSubdomain", of_uri(first_significant), T, [T]),
    ("cutToFirstSignificantSubdomain", of_uri(cut), T, [T]),
    ("cutToFirstSignificantSubdomainWithWWW", of_uri(cut_with_www), T, [T]),
    ("urlPort", of_uri(lambda uri: uri.port, -1), "INT", [T]), ("urlPath", of_uri(path), T, [T]),
    ("urlPathWithQuery", of_uri(raw_path), T, [T]), ("urlQueryString urlQuery", of_uri(lambda uri: uri.query), T, [T]),
    ("urlFragment", of_uri(lambda uri: decoded(uri.fragment)), T, [T]),
    ("urlQueryStringAndFragment", of_uri(query_and_fragment), T, [T]), ("urlNetloc", of_uri(netloc), T, [T]),
    ("extractURLParameter", parameter, T, [T, T]), ("extractURLParameters", of_uri(parameters, []), TEXTS, [T]),
    ("extractURLParameterNames", of_uri(lambda uri: [one.partition("=")[0] for one in parameters(uri)], []), TEXTS,
     [T]),
    ("urlHierarchy", of_uri(hierarchy, []), TEXTS, [T]), ("urlPathHierarchy", of_uri(path_hierarchy, []), TEXTS, [T]),
    ("urlEncode encodeUrl urlEncodeFormComponent", lambda text: quote_plus(text, safe="*-._"), T, [T]),
    ("urlDecode urlDecodeFormComponent", decode, T, [T]), ("decodeUrl", unquote_plus, T, [T]),
    ("cutWWW", lambda text: rebuilt(text, www=False), T, [T]),
    ("cutQueryString", lambda text: rebuilt(text, query=False), T, [T]),
    ("cutFragment", lambda text: rebuilt(text, fragment=False), T, [T]),
    ("cutQueryStringAndFragment", lambda text: rebuilt(text, query=False, fragment=False), T, [T]),
    ("cutURLParameter", without, T, [T, T]), ("cutURLParameters", without_each, T, [T, TEXTS]),
):  # fmt: skip
    row_function(names, function, result, types)

# --- addresses


def contains(prefix: str, address: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(prefix, strict=False)


def network(prefix: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(prefix, strict=False)


row_function("isSubnetOf ipContains", contains, "BOOLEAN", [T, T])
row_function("ipPrefix", lambda address, bits: str(network(f"{address}/{bits}")), T, [T, "INT"])
row_function("ipSubnetMin", lambda prefix: str(network(prefix)[0]), T, [T])
row_function("ipSubnetMax", lambda prefix: str(network(prefix)[-1]), T, [T])
