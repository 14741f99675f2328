package io.solaster.engine.tls;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.OpenSslCachingX509KeyManagerFactory;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ImmediateExecutor;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.TlsConfig;
import io.solaster.config.server.TlsConfig.UnknownNames;
import io.solaster.engine.env.Environment;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a server's handshakes are done with: key material by the host that a client asks for, which may change while the server
 * runs. Material that is no good is refused, and that before it stays in force. Connections that there are go on with what
 * they began with. One instance for all shards, so that a session of one is resumed on another. Any thread.
 */
public final class TlsContexts implements TlsHandlers {
    private static final Logger log = LoggerFactory.getLogger(TlsContexts.class);
    /** Frees a context of OpenSSL's once nobody can make handlers of it any more. */
    private static final Cleaner CLEANER = Cleaner.create();
    /** Those with forward secrecy and authenticated encryption, which browsers have too; none in CBC mode. */
    private static final List<String> CIPHERS = List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");
    private static final long LOOK_NANOS = TimeUnit.MINUTES.toNanos(10);
    private static final Duration DAY = Duration.ofDays(1);

    private final String key;
    private final TlsConfig config;
    private final ServerConfig.ClientAuth clientAuth;
    private final Supplier<ApplicationProtocolConfig> protocols;
    private final Environment environment;
    private final TlsChoice choice;
    private final Map<String, Bundle> bundles = new LinkedHashMap<>();
    private final Map<String, Bundle> exact = new HashMap<>();
    /** By what follows the first dot. */
    private final Map<String, Bundle> wildcards = new HashMap<>();
    private final Bundle byDefault;
    private volatile long nextLook;
    /** Held by whoever does what is due; nobody waits for it. */
    private final ReentrantLock looking = new ReentrantLock();

    /**
     * Makes contexts of this material.
     *
     * @param key where the server is configured, such as {@code solaster.servers.web}, for messages
     * @param clientAuth whether clients show a certificate
     * @param protocols what is spoken inside, for clients that ask (ALPN); asked for each connection, since it may change
     * @param byDefault the name of the material for clients that ask for no host, or for one that is not known
     * @param materials by names, which {@link TlsConfig#serverNames} uses too
     * @throws IllegalArgumentException if no server can be made of one of them, or one is missing
     */
    public TlsContexts(String key, TlsConfig config, ServerConfig.ClientAuth clientAuth,
            Supplier<ApplicationProtocolConfig> protocols, String byDefault, Map<String, KeyMaterial> materials,
            Environment environment) {
        this.key = key;
        this.config = config;
        this.clientAuth = clientAuth;
        this.protocols = protocols;
        this.environment = environment;
        this.choice = TlsChoice.of(config.provider());
        this.byDefault = bundle(byDefault, materials);
        config.serverNames().forEach((name, hosts) -> {
            Bundle bundle = bundle(name, materials);
            for (String host : hosts.split(",", -1)) {
                String lower = host.strip().toLowerCase(Locale.ROOT);
                bundle.names.add(lower);
                if (lower.startsWith("*.")) {
                    wildcards.put(lower.substring(2), bundle);
                } else {
                    exact.put(lower, bundle);
                }
            }
        });
        this.nextLook = environment.clock().nanoTime();
        log.info("{}: TLS by {}; {}", key, choice, this.byDefault.describe());
        look();
    }

    private Bundle bundle(String name, Map<String, KeyMaterial> materials) {
        Bundle known = bundles.get(name);
        if (known != null) {
            return known;
        }
        KeyMaterial material = materials.get(name);
        if (material == null) {
            throw new IllegalArgumentException("there is no key material '" + name + "'; there are "
                    + String.join(", ", materials.keySet()));
        }
        Bundle made = new Bundle(name, material);
        bundles.put(name, made);
        return made;
    }

    /** What does TLS, and why. */
    public TlsChoice choice() {
        return choice;
    }

    /** What clients that ask for no host may choose from. */
    List<String> cipherSuites() {
        return byDefault.current().context.cipherSuites();
    }

    @Override
    public SslHandler handler(ClientHello hello, ByteBufAllocator allocator, Executor tasks) throws TlsRefusal {
        if (environment.clock().nanoTime() - nextLook >= 0) {
            look();
        }
        Made made = find(hello.serverName()).current();
        List<String> offered = hello.protocols();
        List<String> spoken = made.spoken.supportedProtocols();
        // OpenSSL's binding cannot refuse, and the JDK does so later.
        if (offered != null && !spoken.isEmpty() && offered.stream().noneMatch(spoken::contains)) {
            throw TlsRefusal.noProtocol();
        }
        // Of a handshake without a client's certificate OpenSSL hands out nothing that takes longer than to hand it out.
        Executor by = choice.isOpenSsl() && clientAuth == ServerConfig.ClientAuth.NONE
                ? ImmediateExecutor.INSTANCE
                : tasks;
        try {
            return made.context.newHandler(allocator, by);
        } finally {
            Reference.reachabilityFence(made);
        }
    }

    private Bundle find(@Nullable String asked) throws TlsRefusal {
        if (asked == null) {
            return byDefault;
        }
        String name = asked.endsWith(".") ? asked.substring(0, asked.length() - 1) : asked;
        Bundle found = exact.get(name);
        if (found == null) {
            int dot = name.indexOf('.');
            found = dot > 0 ? wildcards.get(name.substring(dot + 1)) : null;
        }
        if (found == null && config.unknownNames() == UnknownNames.REFUSE && !byDefault.state.made.isFor(name)) {
            throw TlsRefusal.unknownName();
        }
        return found == null ? byDefault : found;
    }

    /**
     * Puts newer material in force for new handshakes, unless it is no good: then the log says why, and
     * {@link #certificates}. Handshakes go on meanwhile; of two updates of one name, the second waits for the first.
     *
     * @param bundle the material's name
     * @param material asked here, since to read it may fail
     * @return whether it is in force
     */
    public boolean update(String bundle, Callable<KeyMaterial> material) {
        Bundle changed = bundles.get(bundle);
        return changed != null && changed.update(material);
    }

    /**
     * A new key for session tickets; those that are out stay good for their time, unless 16 newer keys come within it. With the
     * JDK, which keeps its keys to itself, all sessions are forgotten. Where there are no tickets, this does nothing.
     */
    public void rotateTickets() {
        bundles.values().forEach(bundle -> bundle.rotate(false));
    }

    /** A new key for session tickets alone, after one has come to light: no session that there was is resumed. */
    public void forgetSessions() {
        bundles.values().forEach(bundle -> bundle.rotate(true));
    }

    /** What is in force, the default first. */
    public List<ServerCertificate> certificates() {
        look();
        return bundles.values().stream().map(Bundle::report).toList();
    }

    /** Whatever is due: new keys for tickets, a warning that a certificate expires. */
    private void look() {
        if (!looking.tryLock()) {
            return;
        }
        try {
            long now = environment.clock().nanoTime();
            nextLook = now + Math.min(LOOK_NANOS, config.ticketRotation().toNanos());
            for (Bundle bundle : bundles.values()) {
                if (!bundle.look(now)) {
                    nextLook = now;
                }
            }
        } finally {
            looking.unlock();
        }
    }

    private ApplicationProtocolConfig forProvider(ApplicationProtocolConfig spoken) {
        if (spoken.protocol() == ApplicationProtocolConfig.Protocol.NONE) {
            return ApplicationProtocolConfig.DISABLED;
        }
        return new ApplicationProtocolConfig(spoken.protocol(),
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT, spoken.supportedProtocols());
    }

    private SslContext context(KeyMaterial material, ApplicationProtocolConfig spoken) throws SSLException {
        var keys = Objects.requireNonNull(material.keys());
        List<String> named = material.ciphers();
        SslContext context = SslContextBuilder
                // A copy of what OpenSSL makes of a key is kept, or each handshake would read the key anew.
                .forServer(choice.isOpenSsl() ? new OpenSslCachingX509KeyManagerFactory(keys) : keys)
                .sslProvider(choice.isOpenSsl() ? SslProvider.OPENSSL_REFCNT : SslProvider.JDK)
                .trustManager(material.trust()).clientAuth(switch (clientAuth) {
                    case NONE -> ClientAuth.NONE;
                    case WANT -> ClientAuth.OPTIONAL;
                    case NEED -> ClientAuth.REQUIRE;
                }).protocols(material.protocols())
                .ciphers(named == null ? CIPHERS : named,
                        named == null ? SupportedCipherSuiteFilter.INSTANCE : IdentityCipherSuiteFilter.INSTANCE)
                .sessionCacheSize(config.sessionCacheSize()).sessionTimeout(config.sessionTimeout().toSeconds())
                .applicationProtocolConfig(forProvider(spoken)).build();
        return context;
    }

    /** Key material and what is made of it. */
    private final class Bundle {
        private final String name;
        private final List<String> names = new ArrayList<>();
        /** Held while newer material is read, which may take long: by those who update, and by nobody else. */
        private final ReentrantLock updating = new ReentrantLock();
        /** Held for what takes no longer than to make a context: whoever changes the fields below. */
        private final ReentrantLock lock = new ReentrantLock();
        private @Nullable TicketKeys tickets;
        private Instant warned = Instant.MIN;
        private volatile State state;

        Bundle(String name, KeyMaterial material) {
            this.name = name;
            this.tickets = newTickets();
            this.state = new State(withTickets(make(material), tickets), null, 0, 0);
        }

        private @Nullable TicketKeys newTickets() {
            return choice.isOpenSsl() && config.tickets()
                    ? new TicketKeys(config.ticketRotation(), config.sessionTimeout(), environment.secrets(),
                            environment.clock().nanoTime())
                    : null;
        }

        Made current() {
            Made now = state.made;
            // Almost never: where a protocol was switched on or off, the next connection waits a millisecond for it.
            return now.spoken == protocols.get() ? now : renew();
        }

        private Made renew() {
            lock.lock();
            try {
                Made now = withTickets(make(state.made.material), tickets);
                state = state.with(now);
                return now;
            } finally {
                lock.unlock();
            }
        }

        private Made make(KeyMaterial material) {
            ApplicationProtocolConfig spoken = protocols.get();
            SslContext context;
            try {
                material.check();
                context = context(material, spoken);
            } catch (SSLException | RuntimeException e) {
                throw new IllegalArgumentException("no server can be made of the SSL bundle '" + name + "': "
                        + e.getMessage() + "; give a certificate and its key", e);
            }
            Made result = new Made(material, spoken, context);
            CLEANER.register(result, () -> ReferenceCountUtil.release(context));
            return result;
        }

        private static Made withTickets(Made made, @Nullable TicketKeys keys) {
            if (keys != null) {
                keys.putInto(made.context);
            }
            return made;
        }

        boolean update(Callable<KeyMaterial> newer) {
            updating.lock();
            try {
                Made made = make(good(newer.call()));
                lock.lock();
                try {
                    // Who is no longer good must not come back by a session of before.
                    TicketKeys keys = clientAuth == ServerConfig.ClientAuth.NONE ? tickets : newTickets();
                    State before = state;
                    state = new State(withTickets(made, keys), null, before.updates + 1, before.refused);
                    tickets = keys;
                    warned = Instant.MIN;
                } finally {
                    lock.unlock();
                }
            } catch (Exception e) {
                refuse(e);
                return false;
            } finally {
                updating.unlock();
            }
            log.info("{}: the SSL bundle '{}' was updated, new handshakes go by it: {}", key, name, describe());
            look(environment.clock().nanoTime());
            return true;
        }

        private KeyMaterial good(KeyMaterial material) {
            Instant now = environment.wallClock().instant();
            if (!material.isValidAt(now) && state.made.material.isValidAt(now)) {
                throw new IllegalArgumentException("what is in force is good, and this is expired or not yet good: "
                        + describe(material.certificates()));
            }
            return material;
        }

        private void refuse(Exception cause) {
            lock.lock();
            try {
                State before = state;
                state = new State(before.made, String.valueOf(cause.getMessage()), before.updates, before.refused + 1);
            } finally {
                lock.unlock();
            }
            log.error("{}: the updated SSL bundle '{}' is no good, and new handshakes go by the one before it, {}: {}",
                    key, name, describe(), cause.getMessage());
            log.debug("{}: why the SSL bundle '{}' is no good", key, name, cause);
        }

        void rotate(boolean forget) {
            lock.lock();
            try {
                long now = environment.clock().nanoTime();
                TicketKeys keys = tickets;
                if (forget) {
                    if (keys != null) {
                        keys.forget(now);
                    }
                    // Sessions without tickets are remembered in the context itself.
                    renew();
                } else if (keys != null) {
                    keys.rotate(now);
                    keys.putInto(state.made.context);
                } else if (!choice.isOpenSsl()) {
                    renew();
                }
            } finally {
                lock.unlock();
            }
        }

        /** Waits for nobody: false where somebody changes something just now, and another look is to come soon. */
        boolean look(long now) {
            if (!lock.tryLock()) {
                return false;
            }
            try {
                TicketKeys keys = tickets;
                if (keys != null && keys.isDue(now)) {
                    keys.rotateTo(now);
                    keys.putInto(state.made.context);
                }
                warn();
                return true;
            } finally {
                lock.unlock();
            }
        }

        /** Once a day, from some time before a certificate expires. */
        private void warn() {
            Instant now = environment.wallClock().instant();
            Made made = state.made;
            if (!expiresSoon(made, now) || warned.isAfter(now.minus(DAY))) {
                return;
            }
            warned = now;
            log.warn("{}: the certificate of the SSL bundle '{}' {}: {}; renew it", key, name,
                    made.expires.isAfter(now)
                            ? "expires in " + Duration.between(now, made.expires).toHours() + " hours"
                            : "has expired",
                    describe());
        }

        private boolean expiresSoon(Made made, Instant now) {
            return made.expires.isBefore(now.plus(config.expiryWarning()));
        }

        String describe() {
            return describe(state.made.certificates);
        }

        private static String describe(List<X509Certificate> certificates) {
            return String.join(" and ", certificates.stream().map(KeyMaterial::describe).toList());
        }

        ServerCertificate report() {
            State now = state;
            Made made = now.made;
            return new ServerCertificate(name, List.copyOf(names), made.certificates.stream()
                    .map(each -> each.getSubjectX500Principal().getName()).toList(), made.expires,
                    expiresSoon(made, environment.wallClock().instant()), now.problem, now.updates, now.refused);
        }
    }

    /** What is in force of a bundle, and what became of its updates. */
    private record State(Made made, @Nullable String problem, long updates, long refused) {
        State with(Made newMade) {
            return new State(newMade, problem, updates, refused);
        }
    }

    /** A context, and what it was made of. */
    private static final class Made {
        private final KeyMaterial material;
        private final ApplicationProtocolConfig spoken;
        private final SslContext context;
        private final List<X509Certificate> certificates;
        private final Instant expires;
        /** Names of hosts in the certificates. */
        private final Set<String> hosts;

        Made(KeyMaterial material, ApplicationProtocolConfig spoken, SslContext context) {
            this.material = material;
            this.spoken = spoken;
            this.context = context;
            this.certificates = material.certificates();
            this.expires = certificates.stream().map(each -> each.getNotAfter().toInstant())
                    .min(Instant::compareTo).orElse(Instant.MAX);
            this.hosts = material.hosts();
        }

        boolean isFor(String host) {
            int dot = host.indexOf('.');
            return hosts.contains(host) || dot > 0 && hosts.contains("*" + host.substring(dot));
        }
    }
}
