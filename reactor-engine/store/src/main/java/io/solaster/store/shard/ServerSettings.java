package io.solaster.store.shard;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.resp.RequestLimits;
import io.solaster.store.acl.Rights;
import org.jspecify.annotations.Nullable;

/** What is in force for one server: as it was configured, and as {@code CONFIG SET} has changed it since. */
public final class ServerSettings {
    private final Parts parts;
    /** Changed on shard 0 alone. */
    private volatile ServerConfig config;
    private volatile RequestLimits requestLimits;

    public ServerSettings(Parts parts, ServerConfig config) {
        this.parts = parts;
        this.config = config;
        this.requestLimits = requestLimits(config.limits());
    }

    private static RequestLimits requestLimits(LimitsConfig limits) {
        return new RequestLimits(limits.maxArguments(), limits.maxBulk().bytes(), limits.maxInline().intBytes());
    }

    /** Puts another configuration in force, for all connections. On shard 0. */
    public void change(ServerConfig changed) {
        requestLimits = requestLimits(changed.limits());
        config = changed;
        parts.longestString(changed.limits().maxBulk());
    }

    public ServerConfig config() {
        return config;
    }

    public LimitsConfig limits() {
        return config.limits();
    }

    public RequestLimits requestLimits() {
        return requestLimits;
    }

    /** Whether a client from there may not be served: no password is set, and it is not of this machine. */
    public boolean isProtectedFrom(@Nullable SocketAddress client) {
        if (!config.protectedMode() || password() != null) {
            return false;
        }
        InetAddress remote = client instanceof InetSocketAddress address ? address.getAddress() : null;
        return remote != null && !remote.isLoopbackAddress();
    }

    /** Whether clients have to log in before anything else. */
    public boolean needsLogin() {
        Rights rights = parts.acl().defaultUser().rights();
        return password() != null || !rights.takesAnyPassword() || !rights.isEnabled();
    }

    /** Null where none is set. */
    @Nullable
    public String password() {
        String password = config.password();
        return password == null || password.isEmpty() ? null : password;
    }
}
