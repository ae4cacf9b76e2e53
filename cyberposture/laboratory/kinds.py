"""The kinds of service side by side: who speaks for each, its usual port, what nmap calls it."""

from dataclasses import dataclass, field

from cyberposture.laboratory.conversation import Limits
from cyberposture.laboratory.hosts import Kind
from cyberposture.laboratory.services.awkward import (
    break_tls,
    hang_up,
    speak_endlessly,
    speak_slowly,
)
from cyberposture.laboratory.services.carriers import (
    answer_gtp,
    answer_ipmi,
    hold_still,
    speak_amqp,
    speak_diameter,
    speak_rtsp,
)
from cyberposture.laboratory.services.databases import speak_mysql, speak_postgresql
from cyberposture.laboratory.services.desktops import speak_rdp, speak_vnc
from cyberposture.laboratory.services.directory import speak_ldap
from cyberposture.laboratory.services.industry import speak_modbus
from cyberposture.laboratory.services.logins import speak_ftp, speak_telnet
from cyberposture.laboratory.services.mail import speak_imap, speak_pop3, speak_smtp
from cyberposture.laboratory.services.messages import speak_mqtt
from cyberposture.laboratory.services.monitoring import answer_ntp, answer_snmp
from cyberposture.laboratory.services.names import answer_dns, speak_dns
from cyberposture.laboratory.services.shares import speak_rsync, speak_smb
from cyberposture.laboratory.services.shell import speak_ssh
from cyberposture.laboratory.services.stores import speak_memcached, speak_redis
from cyberposture.laboratory.services.web import speak_http
from cyberposture.laboratory.station import Answerer, Speaker

_PATIENT = Limits(lifetime_s=300.0)


@dataclass(frozen=True)
class Sheet:
    """What the laboratory knows of one kind of service.

    `nmap_name` is what `nmap -sV --version-light` finds on the usual port, with `ssl/` in front
    of what lies behind TLS; None where it finds nothing that it could name.
    """

    usual_port: int
    nmap_name: str | None
    about: str
    speaker: Speaker | None = None
    answerer: Answerer | None = None
    limits: Limits = field(default_factory=Limits)


SHEETS: dict[Kind, Sheet] = {
    "http": Sheet(80, "http", "a website in the clear, kept or neglected", speak_http),
    "https": Sheet(443, "ssl/http", "a website over TLS, good or bad", speak_http),
    "ftp": Sheet(21, "ftp", "asks for a password, refuses it", speak_ftp),
    "telnet": Sheet(23, "telnet", "negotiates, asks for a login, refuses it", speak_telnet),
    "ssh": Sheet(22, "ssh", "key exchange by asyncssh, no login accepted", speak_ssh),
    "smtp": Sheet(25, "smtp", "takes an envelope, and never a message", speak_smtp),
    "pop3": Sheet(110, "pop3", "tells what it can, refuses logins", speak_pop3),
    "imap": Sheet(143, "imap", "tells what it can, refuses logins", speak_imap),
    "redis": Sheet(6379, "redis", "PING and INFO, or asks for a password", speak_redis),
    "memcached": Sheet(11211, "memcached", "version and stats; stores nothing", speak_memcached),
    "mysql": Sheet(3306, "mysql", "handshake version 10, login refused", speak_mysql),
    "postgresql": Sheet(5432, "postgresql", "MD5 password, refused", speak_postgresql),
    "vnc": Sheet(5900, "vnc", "RFB 3.8, password or none, login refused", speak_vnc),
    "rdp": Sheet(3389, "ms-wbt-server", "X.224 connection confirmed", speak_rdp),
    "smb": Sheet(445, None, "SMB negotiation, no session", speak_smb),
    "ldap": Sheet(389, "ldap", "bind and root entry only", speak_ldap),
    "mqtt": Sheet(1883, "mqtt", "connection acknowledged or refused", speak_mqtt),
    "snmp": Sheet(161, "snmp", "v1 and v2c, a few system facts", answerer=answer_snmp),
    "ntp": Sheet(123, "ntp", "tells the time; no control mode", answerer=answer_ntp),
    "dns": Sheet(53, "domain", "given zones, UDP and TCP", speak_dns, answer_dns),
    "modbus": Sheet(502, "modbus", "identifies itself, refuses the rest", speak_modbus),
    "controller": Sheet(20000, None, "takes a connection and says nothing", hold_still),
    "rsync": Sheet(873, "rsync", "tells its modules, or none", speak_rsync),
    "rtsp": Sheet(554, "rtsp", "tells its methods, shows no picture", speak_rtsp),
    "amqp": Sheet(5672, "amqp", "names its version", speak_amqp),
    "diameter": Sheet(3868, None, "refuses a peer that nobody knows", speak_diameter),
    "gtp": Sheet(2123, None, "answers an echo", answerer=answer_gtp),
    "ipmi": Sheet(623, "asf-rmcp", "says that it is there", answerer=answer_ipmi),
    "slow": Sheet(7001, None, "one byte every few seconds", speak_slowly, limits=_PATIENT),
    "wrapped": Sheet(7002, "tcpwrapped", "accepts and closes at once", hang_up),
    "endless": Sheet(7003, None, "a banner without an end", speak_endlessly),
    "broken-tls": Sheet(7443, None, "closes in mid-handshake", break_tls),
}
