"""The examples for reverse proxies: they are valid, let Shopify's bursts through, and hold others up."""

import http.client
import json
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from conftest import Answer, signed_headers
from tools import shop as shops
from tools import storefront
from tools.shop import AURORA, order

CONFIG = Path(__file__).resolve().parents[2] / "config"
ORIGIN = "https://aurora.example"


def ask(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, headers or {})
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


@pytest.fixture
def nginx(make_relay, tmp_path):
    """nginx with the example as it is, but for its addresses and its certificate, before a relay."""
    if not shutil.which("nginx"):
        pytest.skip("nginx is not installed")
    relay = make_relay(shop_options=f'storefront_origins = {{"{ORIGIN}"}}', options='public_url = "https://r.example"')
    relay_port, relay_admin = relay.port, relay.admin
    relay.fix_ports()  # of which one is for nginx
    port, relay.port, relay.admin = relay.port, relay_port, relay_admin
    example = (CONFIG / "nginx.conf").read_text(encoding="utf-8")
    example = example.replace("127.0.0.1:8080", f"127.0.0.1:{relay.port}")
    example = re.sub(r"listen 443 ssl http2;", f"listen 127.0.0.1:{port};", example)
    example = re.sub(r"listen \[::\]:443.*|ssl_certificate\S* .*", "", example)
    (tmp_path / "site.conf").write_text(example, encoding="utf-8")
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; daemon off; error_log stderr; worker_processes 1; events {{ worker_connections 1024; }}\n"
        f"http {{ access_log off; client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p;\n"
        f"fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;\n"
        f"include {tmp_path}/site.conf; }}\n", encoding="utf-8")
    command = ["nginx", "-e", "stderr", "-p", tmp_path, "-c", tmp_path / "nginx.conf"]
    subprocess.run([*command, "-t"], check=True, stderr=subprocess.DEVNULL)
    with open(tmp_path / "nginx.log", "wb") as log:
        process = subprocess.Popen(command, stderr=log)

    def is_up():
        try:
            return ask(port, "GET", "/").status == 404
        except OSError:
            return False

    relay.wait(is_up)
    yield relay, port
    process.terminate()
    process.wait(60)


def test_nginx_lets_bursts_of_webhooks_through(nginx):
    relay, port = nginx
    statuses = []

    def send(first):
        for number in range(first, first + 20):
            body = shops.body(order(number=number))
            statuses.append(ask(port, "POST", "/webhooks/shopify", body,
                                signed_headers("orders/create", body)).status)

    threads = [threading.Thread(target=send, args=(1000 + 100 * at,)) for at in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(200) == 400
    assert relay.topic("orders/create")["received"] == 400


def test_nginx_holds_up_what_is_not_signed(nginx):
    _, port = nginx
    statuses = [ask(port, "POST", "/webhooks/shopify", b"{}").status for _ in range(40)]
    assert statuses.count(401) >= 10 and statuses.count(429) >= 10
    hint = json.dumps(storefront.posted()).encode()
    statuses = [ask(port, "POST", "/collect", hint, {"Origin": ORIGIN}).status for _ in range(300)]
    assert statuses.count(204) >= 50 and statuses.count(429) >= 100
    assert ask(port, "GET", f"/segrelay.js?shop={AURORA.domain}").status in (200, 429)


@pytest.mark.skipif(not shutil.which("caddy"), reason="Caddy is not installed")
def test_the_caddyfile_is_valid():
    subprocess.run(["caddy", "validate", "--config", CONFIG / "Caddyfile", "--adapter", "caddyfile"],
                   check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
