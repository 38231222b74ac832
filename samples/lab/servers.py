"""The real servers: MariaDB primary and replica, Redis, two nginx gateways, each on its host's clock."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pymysql
import redis

from lab.clock import FAKETIME, LabClock, fake_environment
from lab.hosts import Hosts
from lab.processes import LabError, Processes

PROGRAMS = ("mariadbd", "mariadb-install-db", "mysqlbinlog", "redis-server", "redis-cli", "nginx", "setpriv")
PACKAGES = "mariadb-server redis-server nginx-light faketime"

MARIADB = {
    "bind-address": "127.0.0.1",
    "skip-name-resolve": "1",
    "character-set-server": "utf8mb4",
    "innodb-buffer-pool-size": "128M",
    "innodb-log-file-size": "64M",
    "innodb-flush-log-at-trx-commit": "2",
    "innodb-lock-wait-timeout": "50",  # lab seconds: timed waits run on the server's clock
    "transaction-isolation": "READ-COMMITTED",
    "innodb-print-all-deadlocks": "1",
    "slow-query-log": "1",
    "long-query-time": "2",
    "log-slow-verbosity": "",
    "log-bin": "mariadb-bin",
    "binlog-format": "ROW",
    "binlog-row-metadata": "FULL",
    "max-connections": "200",
    "performance-schema": "0",
}


def missing() -> list[str]:
    """Programs and libraries the lab needs and this machine lacks."""
    lacking = [name for name in PROGRAMS if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") is None]
    return lacking if FAKETIME.exists() else [*lacking, "libfaketime"]


class Servers:
    """Starts the servers of one shift; data folders outlive it, so the next shift goes on where this one ended."""

    def __init__(self, work: Path, hosts: Hosts, clock: LabClock, processes: Processes) -> None:
        self.work = work
        self.hosts = hosts
        self.clock = clock
        self.processes = processes
        self.nginx_version = ""

    def install(self) -> None:
        """Empty data folders. Takes seconds, so before lab time begins."""
        if lacking := missing():
            raise LabError(f"the lab needs {', '.join(lacking)}\n  hint: on Debian as root, apt-get install {PACKAGES}")
        owner = "mysql" if os.geteuid() == 0 else None
        for name in ("primary", "replica"):
            folder = self._folder(name)
            if owner:
                shutil.chown(folder, owner)
            command = ["mariadb-install-db", "--no-defaults", f"--datadir={folder}", "--skip-test-db"]
            command += ["--auth-root-authentication-method=normal", *([f"--user={owner}"] if owner else [])]
            environment = os.environ | {"TMPDIR": str(folder)}  # one that the database's user may write to
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise LabError(f"mariadb-install-db: {done.stdout[-500:]}{done.stderr[-500:]}")
        for name in ("office", "plant", "redis"):
            self._folder(name)

    def _folder(self, name: str) -> Path:
        folder = self.work / name
        folder.mkdir(exist_ok=True)
        return folder

    def _environment(self, host: str) -> dict[str, str]:
        return fake_environment(self.hosts.clock(host, self.clock))

    def start(self) -> None:
        """All servers, ready to be used."""
        for number, name in enumerate(("primary", "replica"), 1):
            self._start_mariadb(name, number)
        for name in ("primary", "replica"):
            self._wait_for_mariadb(name)
        self._start_redis()
        self.start_gateway("office")
        self.start_gateway("plant")

    def _start_mariadb(self, name: str, number: int) -> None:
        folder, port = self.work / name, self.hosts.ports[name]
        settings = MARIADB | {
            "datadir": str(folder), "tmpdir": str(folder), "socket": str(folder / "mariadb.sock"), "port": str(port), "pid-file": str(folder / "mariadb.pid"),
            "log-error": str(folder / "error.log"), "slow-query-log-file": str(folder / "slow.log"), "general-log-file": str(folder / "general.log"),
            "server-id": str(number), "report-host": f"db{number}",
        }  # fmt: skip
        settings |= (
            {"general-log": "1"}
            if name == "primary"
            else {"read-only": "1", "relay-log": "relay", "log-slave-updates": "0", "skip-slave-start": "1"}
        )
        command = ["mariadbd", "--no-defaults", *(f"--{key}={value}" for key, value in settings.items())]
        self.processes.start(name, command, self._environment(name), user="mysql" if os.geteuid() == 0 else None)

    def _wait_for_mariadb(self, name: str) -> None:
        port = self.hosts.ports[name]

        def ready() -> bool:
            with pymysql.connect(host="127.0.0.1", port=port, user="root") as connection:
                return bool(connection.open)

        self.processes.wait(name, ready, 60)

    def _start_redis(self) -> None:
        folder, port = self.work / "redis", self.hosts.ports["redis"]
        options = {
            "port": port,
            "bind": "127.0.0.1",
            "dir": folder,
            "save": "",
            "appendonly": "no",
            "slowlog-log-slower-than": 20000,
            "slowlog-max-len": 1024,
        }
        arguments = [str(part) for key, value in options.items() for part in (f"--{key}", value)]
        environment = self._environment("redis")
        environment["LD_PRELOAD"] += (
            " libc.so.6"  # the C library's malloc: libfaketime cannot start under jemalloc, which asks for the time
        )
        self.processes.start("redis", ["redis-server", *arguments], environment)
        client = redis.Redis(port=port)
        self.processes.wait("redis", client.ping)
        client.close()

    def start_gateway(self, name: str) -> None:
        """Start the gateway `office` or `plant`."""
        folder, port = self.work / name, self.hosts.ports[name]
        (folder / "nginx.conf").write_text(nginx_conf(folder, port, self.hosts.ports, timeout=30), encoding="utf-8")
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        assert nginx
        environment = self._environment(name)
        del environment["DONT_FAKE_MONOTONIC"]  # nginx measures its time-outs and its upstreams by monotonic time
        self.processes.start(
            name, [nginx, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"], environment
        )

        def ready() -> bool:
            import urllib3

            return urllib3.request("GET", f"http://127.0.0.1:{port}/ping", retries=False, timeout=1).status == 200

        self.processes.wait(name, ready)

    def replicate(self) -> None:
        """Point the replica at the primary; the first time from the primary's first event on."""
        port = self.hosts.ports["primary"]
        with pymysql.connect(
            host="127.0.0.1", port=self.hosts.ports["replica"], user="root", autocommit=True
        ) as connection:
            cursor = connection.cursor()
            cursor.execute("SHOW SLAVE STATUS")
            if not cursor.fetchone():
                cursor.execute(
                    f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={port}, MASTER_USER='repl', MASTER_PASSWORD='repl',"
                    " MASTER_LOG_FILE='mariadb-bin.000001', MASTER_LOG_POS=4, MASTER_CONNECT_RETRY=10, MASTER_HEARTBEAT_PERIOD=30"
                )
            cursor.execute("START SLAVE")


NGINX = """
daemon off; master_process off; worker_processes 1; env FAKETIME; env FAKETIME_DISABLE_SHM; env TZ; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
  log_format json escape=json '{{"time":"$time_iso8601","msec":"$msec","remote_addr":"$remote_addr","method":"$request_method","uri":"$request_uri",'
    '"status":$status,"bytes":$body_bytes_sent,"request_time":$request_time,"upstream_addr":"$upstream_addr","upstream_status":"$upstream_status",'
    '"upstream_response_time":"$upstream_response_time","request_id":"$http_x_request_id","agent":"$http_user_agent","request_length":$request_length}}';
  log_format extended '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" '
    'rt=$request_time uct="$upstream_connect_time" urt="$upstream_response_time" us="$upstream_status" ua="$upstream_addr" rid="$http_x_request_id"';
  access_log {folder}/access.json.log json;
  access_log {folder}/access.log extended;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_connect_timeout {timeout_ms}ms; proxy_send_timeout {timeout_ms}ms; proxy_read_timeout {timeout_ms}ms;
  proxy_http_version 1.1; proxy_set_header Connection ""; keepalive_requests 100000;
  upstream wms {{ server 127.0.0.1:{wms} max_fails=0; keepalive 16; }}
  upstream wcs {{ server 127.0.0.1:{wcs} max_fails=0; keepalive 4; }}
  upstream erp {{ server 127.0.0.1:{erp} max_fails=0; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port};
    proxy_set_header X-Request-Id $http_x_request_id;
    location = /ping {{ access_log off; default_type text/plain; return 200 "$msec"; }}
    location /wms/ {{ proxy_pass http://wms/; }}
    location /rcs/ {{ proxy_pass http://wcs/; }}
    location /erp/ {{ proxy_pass http://erp/; }}
    location /standby/ {{ default_type application/json; return 200 '{{"code":0,"msg":"success","data":{{}}}}'; }}
  }}
}}
"""
"""Warnings only in the error log. nginx clears its environment, but libfaketime looks at it again later: hence `env`."""


def nginx_conf(folder: Path, port: int, ports: dict[str, int], timeout: float) -> str:
    """Configuration of one gateway; `timeout` is what it waits for an answer, in lab seconds."""
    return NGINX.format(
        folder=folder,
        port=port,
        timeout_ms=max(1, round(timeout * 1000)),
        wms=ports["wms"],
        wcs=ports["wcs"],
        erp=ports["erp"],
    )
