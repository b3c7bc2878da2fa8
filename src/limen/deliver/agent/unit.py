"""The systemd unit of an agent (systemd.service(5)): starts at boot, starts again after a crash, may write little.

A crash while a release is on probation is a strike against the release, so that starting again without end is right:
the third time the release before serves.
"""

from __future__ import annotations

from pathlib import Path

TEXT = """\
[Unit]
Description=limen agent
Documentation=man:systemd.service(5)
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={python} -m limen agent run {store} --socket /run/limen/agent.sock
Restart=always
RestartSec=2
User={user}
RuntimeDirectory=limen
RuntimeDirectoryMode=0750
ReadWritePaths={store}
NoNewPrivileges=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=strict
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
UMask=0077

[Install]
WantedBy=multi-user.target
"""


def text(store: Path, python: Path, user: str = "limen") -> str:
    """The unit file.

    Args:
        python: interpreter of the environment that limen is installed in.
    """
    return TEXT.format(store=store.absolute(), python=python.absolute(), user=user)
