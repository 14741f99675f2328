package io.solaster.config.check;

import static io.solaster.config.check.ConfigTree.entryKey;
import static io.solaster.config.plan.Wording.count;
import static io.solaster.config.plan.Wording.print;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

import io.solaster.config.server.AccessLogConfig;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ProxyProtocolConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.SocketConfig;
import io.solaster.config.server.SubscriberConfig;
import io.solaster.config.server.TlsConfig;
import io.solaster.config.server.UdpConfig;
import io.solaster.config.server.UdpLimitsConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Networks;

/** What must hold within one server and between servers, beside the ranges of numbers. For one thread. */
final class ServerRules {
    static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost");

    private static final Duration MICROSECOND = Duration.ofNanos(1_000);
    private static final Set<String> EVERY_ADDRESS = Set.of("0.0.0.0", "::", "[::]", "*");
    private static final Pattern HEADER_VALUE = Pattern.compile("[!-~]([ -~]*[!-~])?");
    private static final Pattern MIME_TYPE = Pattern.compile("[\\w!#$&^.+-]+/([\\w!#$&^.+-]+|\\*)");
    private static final Pattern MODE = Pattern.compile("[67][067]{2}");
    private static final Pattern SERVER_NAME = Pattern.compile("(\\*\\.)?[\\w-]{1,63}(\\.[\\w-]{1,63})*");
    private static final int MAX_TICKET_KEYS = 15;
    /** The JDK's 106 bytes, less the ending of the file that is put in its place. */
    private static final int LONGEST_SOCKET = 103;
    static final String SOCKET_NAMES = "write an absolute path, as unix:/run/app.sock, or an abstract name, as unix:@app; at most "
            + LONGEST_SOCKET + " bytes";
    private static final int MAX_PORT = 65_535;
    /** What fits into 64 KiB beside the head of UDP, which over IPv6 is all that is in there. */
    private static final String LONGEST_DATAGRAM = "65527B";
    private static final List<String> ENCODINGS = List.of("zstd", "br", "gzip");

    private final Findings findings;

    ServerRules(Findings findings) {
        this.findings = findings;
    }

    void server(String key, ServerConfig server) {
        findings.given(key + ".protocol", server.protocol(), "the protocol that it speaks, such as 'resp'");
        findings.given(key + ".host", server.host(), "the address that it binds to, such as '127.0.0.1'");
        unix(key, server);
        proxies(key + ".proxy-protocol", server.proxyProtocol());
        tls(key + ".tls", server.tls());
        if (!server.tls().serverNames().isEmpty() && (server.sslBundle() == null || server.sslBundle().isEmpty())) {
            findings.add(key + ".tls.server-names", server.tls().serverNames(),
                    "there is no bundle for clients that name no host",
                    "name it by " + key + ".ssl-bundle");
        }
        LimitsConfig limits = server.limits();
        findings.within(key + ".limits.idle-timeout", limits.idleTimeout(), Duration.ZERO, Duration.ofDays(365));
        findings.within(key + ".limits.output-buffer", limits.outputBuffer(), "1KB", "1TB");
        findings.within(key + ".limits.max-bulk", limits.maxBulk(), "1B", "1GB");
        findings.within(key + ".limits.max-inline", limits.maxInline(), "64B", "64MB");
        findings.within(key + ".limits.bytes-per-turn", limits.bytesPerTurn(), "1KB", "1GB");
        subscribers(key + ".limits.subscribers", limits.subscribers());
        socket(key + ".socket", server.socket());
        http(key + ".http", server.http());
    }

    private void subscribers(String key, SubscriberConfig subscribers) {
        findings.within(key + ".output-buffer", subscribers.outputBuffer(), "1KB", "1TB");
        findings.within(key + ".soft-output-buffer", subscribers.softOutputBuffer(), "0", "1TB");
        findings.within(key + ".soft-time", subscribers.softTime(), Duration.ZERO, Duration.ofDays(1));
        findings.within(key + ".memory", subscribers.memory(), "1KB", "1TB");
        findings.within(key + ".queue-bytes", subscribers.queueBytes(), "1KB", "1TB");
        findings.within(key + ".wait-for", subscribers.waitFor(), Duration.ofMillis(1), Duration.ofMinutes(10));
    }

    void socket(String key, SocketConfig socket) {
        Duration longest = Duration.ofSeconds(32_767);
        findings.within(key + ".keep-alive-idle", socket.keepAliveIdle(), Duration.ZERO, longest);
        findings.within(key + ".keep-alive-interval", socket.keepAliveInterval(), Duration.ZERO, longest);
        findings.within(key + ".user-timeout", socket.userTimeout(), Duration.ZERO, Duration.ofDays(1));
        findings.within(key + ".send-buffer", socket.sendBuffer(), "0", "1GB");
        findings.within(key + ".receive-buffer", socket.receiveBuffer(), "0", "1GB");
        findings.within(key + ".write-high-water-mark", socket.writeHighWaterMark(), "0", "1GB");
        findings.within(key + ".zero-copy-from", socket.zeroCopyFrom(), "0", "1GB");
        ByteSize low = socket.writeLowWaterMark();
        if (low.compareTo(new ByteSize(0)) > 0 && low.compareTo(socket.writeHighWaterMark()) > 0) {
            findings.add(key + ".write-low-water-mark", low, low + " is above the high-water mark ("
                    + socket.writeHighWaterMark() + ")", "write a smaller one, or write-high-water-mark too");
        }
    }

    void udp(String key, UdpConfig server) {
        findings.given(key + ".protocol", server.protocol(), "the name of a bean of type DatagramProtocol");
        findings.given(key + ".host", server.host(), "the address that it binds to, such as '127.0.0.1'");
        if (server.host() != null && server.host().startsWith(ServerConfig.UNIX)) {
            findings.add(key + ".host", server.host(), "datagrams are not received on a Unix domain socket",
                    "write an address, such as '127.0.0.1'");
        }
        findings.within(key + ".max-datagram", server.maxDatagram(), "1B", LONGEST_DATAGRAM);
        findings.within(key + ".receive-buffer", server.receiveBuffer(), "0", "1GB");
        findings.within(key + ".send-buffer", server.sendBuffer(), "0", "1GB");
        UdpLimitsConfig limits = server.limits();
        findings.within(key + ".limits.send-queue", limits.sendQueue(), "1KB", "1GB");
        if (limits.sources() > 0 && Integer.bitCount(limits.sources()) != 1) {
            int below = Integer.highestOneBit(limits.sources());
            findings.add(key + ".limits.sources", limits.sources(), limits.sources() + " is no power of two",
                    "write " + below + " or " + below * 2L);
        }
    }

    /** Whether it is an absolute path, or an abstract name behind {@code @}, that the kernel takes. */
    static boolean isSocketName(String name) {
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        return (name.startsWith("/") || name.startsWith("@") && bytes > 1) && !name.endsWith("/")
                && bytes <= LONGEST_SOCKET;
    }

    private void unix(String key, ServerConfig server) {
        if (!server.isUnix()) {
            return;
        }
        String name = server.host().substring(ServerConfig.UNIX.length());
        if (!isSocketName(name)) {
            findings.add(key + ".host", server.host(), "'" + name + "' is no Unix domain socket", SOCKET_NAMES);
        }
        if (server.port() > 0) {
            findings.add(key + ".port", server.port(), "a Unix domain socket has no port",
                    "leave it out, or make a server of its own for the port");
        }
        if (server.shardPorts() > 0) {
            findings.add(key + ".shard-ports", server.shardPorts(), "a Unix domain socket has no port",
                    "leave it out, or make a server of its own for the ports");
        }
        if (server.socketMode() == null || !MODE.matcher(server.socketMode()).matches()) {
            findings.add(key + ".socket-mode", String.valueOf(server.socketMode()),
                    "'" + server.socketMode() + "' is no mode of a file",
                    "write three digits of 0, 6 and 7, such as '660' for the user and its group");
        }
    }

    private void proxies(String key, ProxyProtocolConfig proxies) {
        findings.within(key + ".timeout", proxies.timeout(), Duration.ofMillis(1), Duration.ofHours(1));
        try {
            Networks.parse(proxies.trusted());
        } catch (IllegalArgumentException e) {
            String part = String.valueOf(e.getMessage());
            findings.add(key + ".trusted", part, "'" + part + "' is no address and no network",
                    "write addresses and networks such as '10.0.0.0/8, 192.0.2.7', with commas between them");
        }
    }

    void tls(String key, TlsConfig tls) {
        Duration second = Duration.ofSeconds(1);
        findings.within(key + ".handshake-timeout", tls.handshakeTimeout(), Duration.ofMillis(1), Duration.ofHours(1));
        findings.within(key + ".ticket-rotation", tls.ticketRotation(), second, Duration.ofDays(7));
        findings.within(key + ".session-timeout", tls.sessionTimeout(), second, Duration.ofDays(7));
        findings.within(key + ".expiry-warning", tls.expiryWarning(), Duration.ZERO, Duration.ofDays(3650));
        if (tls.sessionTimeout().compareTo(tls.ticketRotation().multipliedBy(MAX_TICKET_KEYS)) > 0) {
            findings.add(key + ".ticket-rotation", print(tls.ticketRotation()),
                    "a session of " + print(tls.sessionTimeout()) + " would outlive " + MAX_TICKET_KEYS + " keys",
                    "write a longer one, or a shorter session-timeout");
        }
        Map<String, String> known = new HashMap<>();
        tls.serverNames().forEach((bundle, names) -> {
            for (String part : names.split(",", -1)) {
                String name = part.strip();
                String other = known.putIfAbsent(name.toLowerCase(Locale.ROOT), bundle);
                if (!SERVER_NAME.matcher(name).matches()) {
                    findings.add(key + ".server-names." + bundle, name, "'" + name + "' is no name of a host",
                            "write names such as 'shop.example, *.shop.example', with commas between them");
                } else if (other != null) {
                    findings.add(key + ".server-names." + bundle, name,
                            "'" + name + "' is named twice, for '" + other + "' and for '" + bundle + "'",
                            "name each host once");
                }
            }
        });
    }

    void http(String key, HttpConfig http) {
        Duration millisecond = Duration.ofMillis(1);
        Duration day = Duration.ofDays(1);
        findings.within(key + ".header-timeout", http.headerTimeout(), millisecond, day);
        findings.within(key + ".body-timeout", http.bodyTimeout(), millisecond, day);
        findings.within(key + ".request-timeout", http.requestTimeout(), Duration.ZERO, day);
        findings.within(key + ".keep-alive-timeout", http.keepAliveTimeout(), Duration.ZERO, day);
        findings.within(key + ".max-target", http.maxTarget(), "64B", "1MB");
        findings.within(key + ".max-header-size", http.maxHeaderSize(), "256B", "16MB");
        findings.within(key + ".max-body", http.maxBody(), "0", "2047MB");
        findings.within(key + ".min-body-rate", http.minBodyRate(), "0", "1GB");
        findings.within(key + ".compression.min-size", http.compression().minSize(), "0", "1GB");
        findings.within(key + ".http2.initial-window", http.http2().initialWindow(), "16KB", "255MB");
        findings.within(key + ".http2.max-frame", http.http2().maxFrame(), "16KB", "16383KB");
        websocket(key + ".websocket", http.websocket());
        String server = http.serverHeader();
        if (server != null && !HEADER_VALUE.matcher(server).matches()) {
            findings.add(key + ".server-header", server, "'" + server + "' is no header's value",
                    "write letters, digits, blanks and signs of ASCII");
        }
        accessLog(key + ".access-log", http.accessLog());
        for (String coding : http.compression().encodings().split(",", -1)) {
            if (!ENCODINGS.contains(coding.strip())) {
                findings.add(key + ".compression.encodings", coding,
                        "'" + coding + "' is no encoding that the server knows",
                        "write some of " + String.join(", ", ENCODINGS) + ", with commas between them");
            }
        }
        for (String type : http.compression().mimeTypes().split(",", -1)) {
            if (!MIME_TYPE.matcher(type.strip()).matches()) {
                findings.add(key + ".compression.mime-types", type, "'" + type + "' is no content type",
                        "write types like 'text/html' or 'text/*', with commas between them");
            }
        }
    }

    private void accessLog(String key, AccessLogConfig log) {
        double sample = log.sample();
        if (!(sample >= 0 && sample <= 1)) {
            findings.add(key + ".sample", sample, sample + " is out of range",
                    "write a number from 0 to 1, such as 0.01 for one exchange in a hundred");
        }
        if (log.slow() != null) {
            findings.within(key + ".slow", log.slow(), MICROSECOND, Duration.ofDays(1));
        }
        String file = log.file();
        if (file != null && (file.isBlank() || file.indexOf('\0') >= 0)) {
            findings.add(key + ".file", file, "'" + file + "' names no file",
                    "write a path such as /var/log/access.log, or leave it out to have lines logged");
        }
    }

    private void websocket(String key, WebSocketConfig websocket) {
        Duration day = Duration.ofDays(1);
        findings.within(key + ".max-frame", websocket.maxFrame(), "125B", "1GB");
        findings.within(key + ".max-message", websocket.maxMessage(), "125B", "1GB");
        findings.within(key + ".ping-interval", websocket.pingInterval(), Duration.ZERO, day);
        findings.within(key + ".idle-timeout", websocket.idleTimeout(), Duration.ZERO, Duration.ofDays(365));
        findings.within(key + ".close-timeout", websocket.closeTimeout(), Duration.ofMillis(1), Duration.ofHours(1));
        findings.within(key + ".queue.size", websocket.queue().size(), "1KB", "1GB");
        findings.within(key + ".compression.threshold", websocket.compression().threshold(), "0", "1GB");
        Duration ping = websocket.pingInterval();
        Duration idle = websocket.idleTimeout();
        if (!idle.isZero() && ping.compareTo(idle) >= 0) {
            findings.warn(key + ".ping-interval", print(ping),
                    print(ping) + " is no less than the idle timeout (" + print(idle)
                            + "): silent clients are disconnected before they are pinged",
                    "write a shorter one");
        }
    }

    /**
     * Two servers on one port would share it silently: with SO_REUSEPORT the second one binds without an error.
     *
     * @param shards how many there are, as far as it is known
     */
    void ports(String key, Map<String, ServerConfig> servers, int shards) {
        List<Map.Entry<String, ServerConfig>> entries = List.copyOf(servers.entrySet());
        for (int i = 0; i < entries.size(); i++) {
            ServerConfig server = entries.get(i).getValue();
            String own = entryKey(key, entries.get(i).getKey());
            for (Map.Entry<String, ServerConfig> earlier : entries.subList(0, i)) {
                if (server.isUnix() && server.host().equals(earlier.getValue().host())) {
                    findings.add(own + ".host", server.host(),
                            server.host() + " is taken by " + entryKey(key, earlier.getKey()),
                            "give each server a socket of its own");
                    break;
                }
                if (server.port() != 0 && server.port() == earlier.getValue().port()
                        && overlap(server.host(), earlier.getValue().host())) {
                    taken(key, entries.get(i).getKey(), server.port(), earlier.getKey());
                    break;
                }
            }
        }
        shardPorts(key, servers, shards);
    }

    /** The rows of ports that shards have of their own, on any machine with so many shards. */
    void shardPorts(String key, Map<String, ServerConfig> servers, int shards) {
        List<Map.Entry<String, ServerConfig>> entries = List.copyOf(servers.entrySet());
        for (int i = 0; i < entries.size(); i++) {
            ServerConfig server = entries.get(i).getValue();
            if (server.shardPorts() < 1 || server.isUnix()) {
                continue;
            }
            String own = entryKey(key, entries.get(i).getKey()) + ".shard-ports";
            int first = server.shardPorts();
            int last = first + shards - 1;
            if (last > MAX_PORT) {
                findings.add(own, first,
                        first + " is too high for " + count(shards, "shard") + ", whose last would have "
                                + last,
                        "write " + (MAX_PORT - shards + 1) + " or less");
                continue;
            }
            for (int j = 0; j < entries.size(); j++) {
                ServerConfig other = entries.get(j).getValue();
                if (other.isUnix() || i != j && !overlap(server.host(), other.host())) {
                    continue;
                }
                String its = entryKey(key, entries.get(j).getKey());
                String row = "ports " + first + " to " + last + " are for " + count(shards, "shard") + ", and ";
                if (other.port() >= first && other.port() <= last) {
                    findings.add(own, first, row + other.port() + " is " + its + ".port",
                            "write a first port whose row is free");
                } else if (j < i && other.shardPorts() > 0 && other.shardPorts() <= last
                        && other.shardPorts() + shards > first) {
                    findings.add(own, first,
                            row + "those from " + other.shardPorts() + " on are " + its + ".shard-ports",
                            "write a first port whose row is free");
                }
            }
        }
    }

    /** A port of datagrams is none of TCP's: both may have one number. */
    void udpPorts(String key, Map<String, UdpConfig> servers) {
        List<Map.Entry<String, UdpConfig>> entries = List.copyOf(servers.entrySet());
        for (int i = 0; i < entries.size(); i++) {
            UdpConfig server = entries.get(i).getValue();
            for (Map.Entry<String, UdpConfig> earlier : entries.subList(0, i)) {
                if (server.port() != 0 && server.port() == earlier.getValue().port() && server.host() != null
                        && overlap(server.host(), earlier.getValue().host())) {
                    taken(key, entries.get(i).getKey(), server.port(), earlier.getKey());
                    break;
                }
            }
        }
    }

    private void taken(String key, String name, int port, String earlier) {
        findings.add(entryKey(key, name) + ".port", port, port + " is taken by " + entryKey(key, earlier),
                "give each server a port of its own, or 0 for a free one");
    }

    private static boolean overlap(String host, String other) {
        return host.equalsIgnoreCase(other) || EVERY_ADDRESS.contains(host) || EVERY_ADDRESS.contains(other)
                || (LOOPBACK.contains(host) && LOOPBACK.contains(other));
    }
}
