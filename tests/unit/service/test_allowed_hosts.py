"""Which addresses may be called: the attacks are tests that are refused."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.allowed_hosts import destination, is_public, parse_hosts
from models.settings import Settings

ALLOWED = parse_hosts("hooks.example.org, CI.internal:8080, *.example.net, [::1]:9000")


@pytest.mark.parametrize(
    ("url", "host", "port", "named"),
    [
        ("https://hooks.example.org/a?b=c", "hooks.example.org", 443, True),
        ("http://HOOKS.example.org", "hooks.example.org", 80, True),
        ("http://ci.internal:8080/", "ci.internal", 8080, True),
        ("https://a.b.example.net/", "a.b.example.net", 443, False),
        ("http://[::1]:9000/", "::1", 9000, True),
    ],
)
def test_what_is_in_the_list_may_be_called(url: str, host: str, port: int, named: bool) -> None:
    found = destination(url, ALLOWED)
    assert (found.host, found.port, found.named) == (host, port, named)


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/",
        "http://127.0.0.1/",
        "http://hooks.example.org:8080/",  # another port is another service
        "http://ci.internal/",
        "http://example.net/",  # *.example.net is what is below it
        "http://evilexample.net/",
        "http://hooks.example.org.evil.example/",
        "http://hooks.example.org@evil.example/",
        "http://evil.example\\@hooks.example.org/",
        "http://evil.example#@hooks.example.org/",
        "http://hooks.example.org /",
        "http://hooks.example.org\r\nX: y/",
        "http://hooks.example.org/#fragment",
        "http://user@hooks.example.org/",
        "ftp://hooks.example.org/",
        "file:///etc/passwd",
        "//hooks.example.org/",
        "http://hooks.example.org:port/",
        "http://[hooks.example.org/",
        "http://hööks.example.org/",
        "https://hooks.example.org/" + "a" * 2000,
        "",
    ],
)
def test_what_is_not_in_the_list_or_no_plain_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        destination(url, ALLOWED)


def test_without_a_list_nothing_may_be_called_and_the_setting_is_named() -> None:
    with pytest.raises(ValueError, match="TRIPLETLAB_WEBHOOK_HOSTS"):
        destination("https://hooks.example.org/", parse_hosts(""))


@pytest.mark.parametrize("text", ["https://a.example", "a b", "a:0", "a:99999", "*a.example", "**"])
def test_a_list_with_what_is_no_host_stops_the_service_from_starting(text: str) -> None:
    with pytest.raises(ValueError, match="is not a host"):
        Settings(webhook_hosts=f"good.example,{text}")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("172.16.0.1", False),
        ("169.254.169.254", False),  # where clouds keep their credentials
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::1", False),
        ("ff02::1", False),
        ("64:ff9b:1::7f00:1", False),  # translated inside one network (RFC 8215)
        ("::127.0.0.1", False),  # an IPv4 address in the form of before 2006
        ("::93.184.215.14", False),
        ("::ffff:0:7f00:1", False),
        ("fec0::1", False),
        ("5f00::1", False),
        ("3fff::1", False),
        ("2001:1ff::1", False),
        ("192.0.0.8", False),
        ("192.0.0.9", False),
        ("192.88.99.1", False),
        ("64:ff9b::5db8:d70e", True),
        ("2001:4860:4860::8888", True),
    ],
)
def test_only_public_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="127.0.0.0/8"))
def test_no_private_address_becomes_public_inside_another(
    address: IPv4Address,
) -> None:
    number = int(address)
    for text in (f"::ffff:{address}", f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}"):
        assert not is_public(text)
