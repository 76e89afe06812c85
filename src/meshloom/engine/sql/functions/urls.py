"""Functions of URLs and network addresses (UrlFunctions.java, IpAddressFunctions.java)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import quote_plus, unquote_plus

from meshloom.engine.sql.functions.rows import row_function

T = "STRING"
URL = re.compile(r"^(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?P<netloc>[^/?#]*))?(?P<path>[^?#]*)"
                 r"(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?$", re.S)  # fmt: skip


def part(name: str) -> Callable[[str], str]:
    def found(url: str) -> str:
        match = URL.match(url)
        return (match[name] or "") if match else ""

    return found


scheme, netloc, path, query, fragment = (part(name) for name in ("scheme", "netloc", "path", "query", "fragment"))


def domain(url: str) -> str:
    return re.sub(r":\d*$", "", netloc(url).rpartition("@")[2])


def without_www(url: str) -> str:
    return domain(url).removeprefix("www.")


def port(url: str) -> int:
    found = re.search(r":(\d+)$", netloc(url))
    return int(found[1]) if found else -1


def top_level(url: str) -> str:
    host = domain(url)
    return "" if re.fullmatch(r"[\d.]+|\[.*\]", host) or "." not in host else host.rpartition(".")[2]


SECOND = frozenset({"com", "net", "org", "co", "gov", "edu", "ac"})


def cut(url: str, *, www: bool) -> str:
    """From the first significant subdomain on: "news.example.co.uk" is "example.co.uk"."""
    labels = domain(url).split(".")
    if not www and labels and labels[0] == "www":
        labels = labels[1:]
    if len(labels) < 2:
        return ""
    kept = 3 if len(labels) > 2 and labels[-2] in SECOND else 2
    if www and labels[0] == "www" and len(labels) == kept + 1:
        return ".".join(labels)
    return ".".join(labels[-kept:])


def first_significant(url: str) -> str:
    return cut(url, www=False).partition(".")[0]


def query_and_fragment(url: str) -> str:
    return query(url) + (f"#{fragment(url)}" if "#" in url else "")


def parameters(url: str) -> list[str]:
    return [one for one in query(url).split("&") if one]


def parameter(url: str, name: str) -> str:
    return next((one.partition("=")[2] for one in parameters(url) if one.partition("=")[0] == name), "")


def hierarchy(url: str, *, whole: bool) -> list[str]:
    """The URL, cut behind each "/" and "?" of its path and query."""
    start = len(scheme(url)) + 3 + len(netloc(url)) if "//" in url else 0
    found = [url[:start]] if whole and start else []
    for at in range(start, len(url)):
        if url[at] in "/?#" and at > start:
            found.append(url[: at + 1])
    found.append(url)
    kept = found if whole else [one[start:] for one in found]
    return [one for one in dict.fromkeys(kept) if one and one != "/"]


def without(url: str, name: str) -> str:
    kept = [one for one in parameters(url) if one.partition("=")[0] != name]
    head = url.partition("#")[0].partition("?")[0]
    return head + (f"?{'&'.join(kept)}" if kept else "") + (f"#{fragment(url)}" if "#" in url else "")


def without_each(url: str, names: list[str]) -> str:
    for name in names:
        url = without(url, name)
    return url


for names, function, result, types in (
    ("urlProtocol", scheme, T, [T]), ("urlDomain", domain, T, [T]), ("urlDomainWithoutWWW", without_www, T, [T]),
    ("urlTopLevelDomain", top_level, T, [T]), ("urlFirstSignificantSubdomain", first_significant, T, [T]),
    ("cutToFirstSignificantSubdomain", lambda url: cut(url, www=False), T, [T]),
    ("cutToFirstSignificantSubdomainWithWWW", lambda url: cut(url, www=True), T, [T]),
    ("urlPort", port, "INT", [T]), ("urlPath", path, T, [T]),
    ("urlPathWithQuery", lambda url: path(url) + (f"?{query(url)}" if "?" in url else ""), T, [T]),
    ("urlQueryString urlQuery", query, T, [T]), ("urlFragment", fragment, T, [T]),
    ("urlQueryStringAndFragment", query_and_fragment, T, [T]), ("urlNetloc", netloc, T, [T]),
    ("extractURLParameter", parameter, T, [T, T]), ("extractURLParameters", parameters, "STRING_ARRAY", [T]),
    ("extractURLParameterNames", lambda url: [one.partition("=")[0] for one in parameters(url)], "STRING_ARRAY", [T]),
    ("urlHierarchy", lambda url: hierarchy(url, whole=True), "STRING_ARRAY", [T]),
    ("urlPathHierarchy", lambda url: hierarchy(url, whole=False), "STRING_ARRAY", [T]),
    ("urlEncode encodeUrl urlEncodeFormComponent", lambda text: quote_plus(text, safe="*-._"), T, [T]),
    ("urlDecode decodeUrl urlDecodeFormComponent", unquote_plus, T, [T]),
    ("cutWWW", lambda url: url.replace("://www.", "://", 1), T, [T]),
    ("cutQueryString", lambda url: url.partition("?")[0] + (f"#{fragment(url)}" if "#" in url else ""), T, [T]),
    ("cutFragment", lambda url: url.partition("#")[0], T, [T]),
    ("cutQueryStringAndFragment", lambda url: url.partition("#")[0].partition("?")[0], T, [T]),
    ("cutURLParameter", without, T, [T, T]), ("cutURLParameters", without_each, T, [T, "STRING_ARRAY"]),
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
