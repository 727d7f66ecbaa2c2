"""The origin as nginx: what to write into its configuration, and what to start."""

import re
import subprocess
from pathlib import Path
from shutil import which
from typing import Final

from benchmarks.origin.access_log import FORMAT

_MODULES: Final = [Path("/usr/lib/nginx/modules") / name for name in ("ndk_http_module.so", "ngx_http_lua_module.so")]

#: One process, which is ours alone: no master that could leave a worker behind.
_CONFIG: Final = """\
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log warn;
{modules}
worker_rlimit_nofile {files};
events {{
    worker_connections {connections};
}}
http {{
    lua_shared_dict control 64k;
    log_format bench '{format}';
    access_log {directory}/access.log bench buffer=64k flush=1s;
    types {{ application/json json; application/atom+xml xml; }}
    keepalive_timeout 75s;
    keepalive_requests 1000000;
    client_body_temp_path {directory}/temporary;
    proxy_temp_path {directory}/temporary;
    fastcgi_temp_path {directory}/temporary;
    uwsgi_temp_path {directory}/temporary;
    scgi_temp_path {directory}/temporary;
    server {{
        listen 127.0.0.1:{port} backlog=4096{tls};
        root {root};
        gzip_static on;
        if_modified_since before;
        location ~ ^/latency/(\\d+)$ {{
            content_by_lua_block {{
                ngx.shared.control:set("latency_s", tonumber(ngx.var[1]) / 1000)
                ngx.print("")
            }}
        }}
        location ~ ^/(p\\d+)/(?:.*/)?([a-z-]+\\.[a-z]+)$ {{
            access_by_lua_block {{
                local latency_s = ngx.shared.control:get("latency_s") or 0
                if latency_s > 0 then ngx.sleep(latency_s) end
            }}
            try_files /changed/$1/$2 /$2 =404;
        }}
    }}
}}
"""
_TLS: Final = """ ssl;
        ssl_certificate {directory}/server.pem;
        ssl_certificate_key {directory}/server.key;
        ssl_session_cache shared:tls:32m;
        ssl_session_tickets on"""


def program() -> str | None:
    """Return the path of an nginx that has http-lua, None where there is none."""
    path = which("nginx", path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin")
    return path if path and all(module.exists() for module in _MODULES) else None


def version() -> str | None:
    """Return which nginx it is."""
    path = program()
    if path is None:
        return None
    reported = subprocess.run([path, "-v"], capture_output=True, text=True, check=True).stderr
    found = re.search(r"nginx/(\S+)", reported)
    return found[1] if found else reported.strip()


def command(directory: Path, root: Path, port: int, *, tls: bool, files: int) -> list[str]:
    """Write the configuration; return what to start."""
    config = directory / "nginx.conf"
    config.write_text(
        _CONFIG.format(
            directory=directory,
            root=root,
            port=port,
            format=FORMAT,
            modules="\n".join(f"load_module {module};" for module in _MODULES),
            files=files,
            connections=files - 256,
            tls=_TLS.format(directory=directory) if tls else "",
        )
    )
    return [program() or "nginx", "-p", str(directory), "-c", str(config), "-e", str(directory / "error.log")]
