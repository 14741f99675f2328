package io.solaster.config.check;

import static io.solaster.config.plan.Wording.count;
import static io.solaster.config.plan.Wording.print;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

import io.solaster.config.plan.Wording;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.CheckConfig;
import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.pool.OutlierConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHttpConfig;
import io.solaster.config.pool.ProxyConfig;
import io.solaster.config.pool.RequestsConfig;
import io.solaster.config.pool.RespConfig;
import io.solaster.config.pool.SslConfig;
import io.solaster.config.server.ServerConfig;
import org.jspecify.annotations.Nullable;

/** What must hold within one pool, beside the ranges of its numbers. */
final class PoolRules {
    /** It stands in URLs as a host, and in beans' names. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9-]*");
    private static final Pattern CLIENT_NAME = Pattern.compile("[!-~]+");
    private static final Pattern KEY = Pattern.compile("(?:header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+");
    private static final Pattern HOST = Pattern.compile("(?:\\[[0-9A-Fa-f:.]+\\]|[0-9A-Za-z._-]+)(?::[0-9]{1,5})?");
    private static final Duration MILLISECOND = Duration.ofMillis(1);
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration DAY = Duration.ofDays(1);
    private static final int MAX_PORT = 65_535;

    private final Findings findings;
    private final String key;
    private final PoolConfig pool;

    /** @param key such as {@code solaster.pools.orders} */
    PoolRules(Findings findings, String key, PoolConfig pool) {
        this.findings = findings;
        this.key = key;
        this.pool = pool;
    }

    void check(String name) {
        if (!NAME.matcher(name).matches()) {
            findings.add(key, name, "'" + name + "' cannot name a pool",
                    "write letters, digits and '-', a letter first");
        }
        endpoints(pool.endpoints());
        discovery(key + ".discovery", pool.discovery());
        balancing(key + ".balancing", pool.balancing());
        connections(key + ".connections", pool.connections());
        requests(key + ".requests", pool.requests());
        healthCheck(key + ".health.check", pool.health().check());
        outliers(key + ".health.outliers", pool.health().outliers());
        findings.within(key + ".health.breaker.window", pool.health().breaker().window(), MILLISECOND, DAY);
        findings.within(key + ".health.breaker.open-for", pool.health().breaker().openFor(), MILLISECOND, DAY);
        ssl(key + ".ssl", pool.ssl());
        proxy(key + ".proxy", pool.proxy());
        http(key + ".http", pool.http());
        resp(key + ".resp", pool.resp());
    }

    private void endpoints(List<EndpointConfig> endpoints) {
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < endpoints.size(); i++) {
            String at = key + ".endpoints[" + i + "].address";
            String address = endpoints.get(i).address();
            findings.given(at, address, "host and port, such as 'orders.example:8080'");
            if (address != null && !address.isBlank()) {
                address(at, address);
                if (!seen.add(address.toLowerCase(Locale.ROOT))) {
                    findings.add(at, address, "'" + address + "' is written twice",
                            "remove one of them; for a greater share give it a weight");
                }
            }
        }
    }

    /** Host and port, an IPv6 address in brackets; or a Unix domain socket. */
    private void address(String at, String address) {
        if (address.startsWith(ServerConfig.UNIX)) {
            if (!ServerRules.isSocketName(address.substring(ServerConfig.UNIX.length()))) {
                findings.add(at, address, "'" + address + "' is no Unix domain socket", ServerRules.SOCKET_NAMES);
            } else if (pool.proxy().type() != ProxyConfig.Type.NONE
                    || pool.proxy().proxyProtocol() != ProxyConfig.ProxyProtocol.NONE) {
                findings.add(at, address, "a Unix domain socket is behind no proxy",
                        "leave " + key + ".proxy out, or give the endpoint a pool of its own");
            }
            return;
        }
        int colon = address.lastIndexOf(':');
        String host = address.substring(0, Math.max(0, colon));
        String port = address.substring(colon + 1);
        boolean bracketed = host.startsWith("[") && host.endsWith("]") && host.length() > 2;
        if (address.contains("/") || address.contains(" ")) {
            findings.add(at, address, "'" + address + "' is no host and port",
                    "write them alone, such as 'orders.example:8080'; encryption is said below " + key + ".ssl");
        } else if (!bracketed && host.indexOf(':') >= 0 || address.startsWith("[") && address.endsWith("]")) {
            findings.add(at, address, "'" + address + "' may be an IPv6 address, with or without a port",
                    "write it in brackets, and the port behind, such as '[::1]:8080'");
        } else if (colon < 0) {
            findings.add(at, address, "'" + address + "' has no port", "write '" + address + ":8080', or its port");
        } else if (host.isEmpty()) {
            findings.add(at, address, "'" + address + "' has no host", "write 'orders.example" + address + "'");
        } else if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) < 1 || Integer.parseInt(port) > MAX_PORT) {
            findings.add(at, address, "'" + port + "' is no port", "write one from 1 to " + MAX_PORT);
        }
    }

    private void discovery(String at, DiscoveryConfig discovery) {
        DiscoveryConfig.Type type = discovery.type();
        if (type == DiscoveryConfig.Type.NONE) {
            if (discovery.name() != null) {
                findings.add(at + ".type", "none", "'" + discovery.name() + "' is asked of nobody",
                        "write one of dns, srv, kubernetes, spring");
            }
        } else {
            findings.given(at + ".name", discovery.name(), switch (type) {
                case DNS -> "the host name that is looked up, such as 'orders.example'";
                case SRV -> "the service that is looked up, such as '_http._tcp.orders.example'";
                case KUBERNETES -> "the Kubernetes Service, such as 'orders'";
                default -> "the service that the DiscoveryClient is asked for, such as 'orders'";
            });
            if (type == DiscoveryConfig.Type.DNS && discovery.port() == 0) {
                findings.add(at + ".port", 0, "addresses in DNS have no port", "write the port, or take type 'srv'");
            }
        }
        if (discovery.namespace() != null && type != DiscoveryConfig.Type.KUBERNETES) {
            findings.warn(at + ".namespace", discovery.namespace(), "only type 'kubernetes' has namespaces",
                    "remove it, or write type 'kubernetes'");
        }
        findings.within(at + ".refresh", discovery.refresh(), MILLISECOND, DAY);
        findings.within(at + ".min-refresh", discovery.minRefresh(), MILLISECOND, DAY);
        notAbove(at + ".min-refresh", discovery.minRefresh(), "refresh", discovery.refresh());
    }

    private void balancing(String at, BalancingConfig balancing) {
        findings.within(at + ".slow-start", balancing.slowStart(), Duration.ZERO, HOUR);
        findings.within(at + ".decay", balancing.decay(), MILLISECOND, HOUR);
        double load = balancing.boundedLoad();
        if (!(load == 0 || load >= 1 && load <= 100)) {
            findings.add(at + ".bounded-load", load,
                    load + " is out of range: below 1 no endpoint could take its share",
                    "write a number from 1 to 100, such as 1.25, or 0 for as far as it likes");
        }
        String from = balancing.key();
        if (from != null && !KEY.matcher(from).matches()) {
            findings.add(at + ".key", from, "'" + from + "' is no source of keys",
                    "write 'header:X-Tenant', 'cookie:session' or their like");
        } else if (from != null && pool.protocol() != PoolConfig.Protocol.HTTP) {
            findings.warn(at + ".key", from, "only requests of HTTP have headers and cookies",
                    "remove it; a command of Redis goes by its key by itself");
        } else if (from != null && !balancing.goesByKeys()) {
            findings.warn(at + ".key", from, "'" + lower(balancing.algorithm()) + "' does not go by keys",
                    "write algorithm 'ring-hash' or 'maglev', or remove it");
        }
    }

    private void connections(String at, ConnectionsConfig connections) {
        ConnectionsConfig defaults = ConnectionsConfig.defaults();
        findings.within(at + ".warm-up", connections.warmUp(), Duration.ZERO, HOUR);
        findings.within(at + ".acquire-timeout", connections.acquireTimeout(), MILLISECOND, HOUR);
        findings.within(at + ".connect-timeout", connections.connectTimeout(), MILLISECOND, HOUR);
        findings.within(at + ".max-idle", connections.maxIdle(), Duration.ZERO, DAY);
        findings.within(at + ".max-lifetime", connections.maxLifetime(), Duration.ZERO, Duration.ofDays(365));
        findings.within(at + ".validate-after", connections.validateAfter(), Duration.ZERO, DAY);
        findings.within(at + ".user-timeout", connections.userTimeout(), Duration.ZERO, DAY);
        findings.within(at + ".keep-alive", connections.keepAlive(), Duration.ZERO, DAY);
        findings.within(at + ".leak-after", connections.leakAfter(), Duration.ZERO, DAY);
        // What is not written gives way silently to what is.
        if (connections.maxPerShard() != defaults.maxPerShard()) {
            notAbove(at + ".max-per-shard", connections.maxPerShard(), "max", connections.max());
        }
        if (connections.maxPerEndpoint() != defaults.maxPerEndpoint()) {
            notAbove(at + ".max-per-endpoint", connections.maxPerEndpoint(), "max-per-shard",
                    connections.maxPerShard());
            notAbove(at + ".max-per-endpoint", connections.maxPerEndpoint(), "max", connections.max());
        }
        notAbove(at + ".min-idle", connections.minIdle(), "max-per-endpoint", connections.maxPerEndpoint());
        notAbove(at + ".min-idle", connections.minIdle(), "max-per-shard", connections.maxPerShard());
        if (connections.maxIdle().equals(defaults.maxIdle())) {
            return;
        }
        notAbove(at + ".max-idle", connections.maxIdle(), "max-lifetime", connections.maxLifetime());
    }

    private void requests(String at, RequestsConfig requests) {
        findings.within(at + ".timeout", requests.timeout(), Duration.ZERO, DAY);
        findings.within(at + ".try-timeout", requests.tryTimeout(), Duration.ZERO, DAY);
        findings.within(at + ".backoff", requests.backoff(), Duration.ZERO, HOUR);
        findings.within(at + ".max-backoff", requests.maxBackoff(), Duration.ZERO, HOUR);
        findings.within(at + ".hedge-after", requests.hedgeAfter(), Duration.ZERO, HOUR);
        notAbove(at + ".try-timeout", requests.tryTimeout(), "timeout", requests.timeout());
        notAbove(at + ".hedge-after", requests.hedgeAfter(), "timeout", requests.timeout());
        notAbove(at + ".hedge-after", requests.hedgeAfter(), "try-timeout", requests.tryTimeout());
        if (requests.backoff().compareTo(requests.maxBackoff()) > 0) {
            findings.add(at + ".backoff", print(requests.backoff()),
                    print(requests.backoff()) + " is more than max-backoff (" + print(requests.maxBackoff()) + ")",
                    "write " + print(requests.maxBackoff()) + " or less, or raise max-backoff");
        }
        double percentile = requests.hedgePercentile();
        if (!(percentile == 0 || percentile >= 1 && percentile < 100)) {
            findings.add(at + ".hedge-percentile", percentile, percentile + " is out of range",
                    "write a number from 1 to below 100, such as 99; 0 to go by hedge-after alone");
        }
        if (!(requests.retryBudget() >= 0 && requests.retryBudget() <= 100)) {
            findings.add(at + ".retry-budget", requests.retryBudget(), requests.retryBudget() + " is out of range",
                    "write a number from 0 to 100, such as 0.2 for one retry in five requests");
        }
    }

    private void healthCheck(String at, CheckConfig check) {
        findings.within(at + ".interval", check.interval(), Duration.ofMillis(10), DAY);
        findings.within(at + ".timeout", check.timeout(), MILLISECOND, HOUR);
        if (check.minStatus() > check.maxStatus()) {
            findings.add(at + ".min-status", check.minStatus(),
                    check.minStatus() + " is more than max-status (" + check.maxStatus() + "): no answer would be good",
                    "write " + check.maxStatus() + " or less, or raise max-status");
        }
        String path = check.path();
        if (!path.matches("/[!-~]*")) {
            findings.add(at + ".path", path, "'" + path + "' is no path", "write one such as '/actuator/health'");
        }
        PoolConfig.Protocol protocol = pool.protocol();
        if (check.type() == CheckConfig.Type.RESP && protocol == PoolConfig.Protocol.HTTP
                || check.type() == CheckConfig.Type.HTTP && protocol == PoolConfig.Protocol.RESP) {
            findings.add(at + ".type", lower(check.type()), "endpoints that speak '" + lower(protocol)
                    + "' are asked in '" + lower(check.type()) + "': none would be well",
                    "write '" + lower(protocol) + "' or 'tcp'");
        }
        if (check.type() == CheckConfig.Type.TLS && !pool.ssl().isUsed()) {
            findings.add(at + ".type", "tls", "connections of this pool are not encrypted",
                    "write 'tcp', or " + key + ".ssl.enabled: true");
        }
    }

    private void outliers(String at, OutlierConfig outliers) {
        findings.within(at + ".interval", outliers.interval(), Duration.ofMillis(10), HOUR);
        findings.within(at + ".ejection", outliers.ejection(), MILLISECOND, DAY);
        findings.within(at + ".max-ejection", outliers.maxEjection(), MILLISECOND, DAY);
        notAbove(at + ".ejection", outliers.ejection(), "max-ejection", outliers.maxEjection());
        if (!(outliers.successDeviations() >= 0 && outliers.successDeviations() <= 100)) {
            findings.add(at + ".success-deviations", outliers.successDeviations(),
                    outliers.successDeviations() + " is out of range",
                    "write a number from 0 to 100, such as 1.9; 0 to not go by it");
        }
        double factor = outliers.latencyFactor();
        if (!(factor == 0 || factor > 1 && factor <= 1_000)) {
            findings.add(at + ".latency-factor", factor,
                    factor + " is out of range: at 1 half of all endpoints are outliers",
                    "write a number above 1, such as 3; 0 to not go by it");
        }
    }

    private void ssl(String at, SslConfig ssl) {
        if (!ssl.isUsed() && ssl.bundle() != null) {
            findings.add(at + ".enabled", "false", "the bundle '" + ssl.bundle() + "' is given and not used",
                    "remove one of the two");
        }
        if (!ssl.isUsed() && ssl.bundle() == null && ssl.serverName() != null) {
            findings.add(at + ".enabled", "", "the server name '" + ssl.serverName()
                    + "' is given, and connections are not encrypted", "write true, or a bundle, or remove the name");
        }
    }

    private void proxy(String at, ProxyConfig proxy) {
        boolean used = proxy.type() != ProxyConfig.Type.NONE;
        String address = proxy.address();
        if (used) {
            findings.given(at + ".address", address, "the proxy's host and port, such as 'proxy.example:3128'");
        }
        if (address != null && !address.isBlank()) {
            address(at + ".address", address);
            if (!used) {
                findings.add(at + ".type", "none", "'" + address + "' is given and not used",
                        "write one of http, socks4, socks5, or remove the address");
            }
        }
        credentials(at, proxy.username(), proxy.password());
        if (proxy.username() == null && proxy.password() != null) {
            findings.add(at + ".username", "", "a password is given, and nobody whom it is of",
                    "write the username too");
        }
        if (proxy.type() == ProxyConfig.Type.SOCKS4 && proxy.password() != null) {
            findings.warn(at + ".password", "******", "SOCKS 4 knows no passwords", "write type 'socks5'");
        }
    }

    private void http(String at, PoolHttpConfig http) {
        boolean isHttp2 = http.version() == PoolHttpConfig.Version.HTTP_2;
        String host = http.host();
        if (host != null && !HOST.matcher(host).matches()) {
            findings.add(at + ".host", host, "'" + host + "' is no host",
                    "write a name alone, such as 'orders.example', with ':8080' behind it if it needs a port");
        }
        if (pool.protocol() != PoolConfig.Protocol.HTTP && (isHttp2 || host != null)) {
            findings.warn(key + ".protocol", lower(pool.protocol()),
                    "what is written below " + at + " holds only for endpoints that speak 'http'",
                    "write 'http', or remove it");
        } else if (isHttp2 && pool.health().check().type() == CheckConfig.Type.HTTP) {
            findings.warn(key + ".health.check.type", "http",
                    "endpoints are checked over HTTP/1.1, also where requests"
                            + " go over HTTP/2: one that does not speak it would never be well",
                    "write 'tcp' where they speak HTTP/2 only");
        }
    }

    private void resp(String at, RespConfig resp) {
        // AUTH takes a password alone.
        credentials(at, resp.username(), resp.password());
        String client = resp.clientName();
        if (client != null && !CLIENT_NAME.matcher(client).matches()) {
            findings.add(at + ".client-name", client, "'" + client + "' is no name that Redis takes",
                    "write letters, digits and signs without blanks");
        }
        if (pool.protocol() != PoolConfig.Protocol.RESP && !resp.equals(RespConfig.defaults())) {
            findings.warn(key + ".protocol", lower(pool.protocol()),
                    "what is written below " + at + " holds only for endpoints that speak 'resp'",
                    "write 'resp', or remove it");
        }
    }

    private void credentials(String at, @Nullable String username, @Nullable String password) {
        if (username != null && password == null) {
            findings.add(at + ".password", "", "a username is given, and no password", "write the password too");
        }
    }

    /** Of two times, of which 0 is no bound. */
    private void notAbove(String at, Duration value, String other, Duration bound) {
        if (!bound.isZero() && value.compareTo(bound) > 0) {
            findings.add(at, print(value), print(value) + " is more than " + other + " (" + print(bound) + ")",
                    "write " + print(bound) + " or less, or raise " + other);
        }
    }

    private void notAbove(String at, int value, String other, int bound) {
        if (value > bound) {
            findings.add(at, value, count(value, "connection") + " are more than " + other + " (" + bound + ")",
                    "write " + bound + " or less, or raise " + other);
        }
    }

    private static String lower(Enum<?> choice) {
        return Wording.choice(choice);
    }
}
