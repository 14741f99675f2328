package io.solaster.spring.pool;

import io.solaster.config.pool.PoolConfig;
import io.solaster.pool.frame.FramedProtocol;
import io.solaster.pool.health.HealthCheck;
import io.solaster.pool.http.HttpClientProtocol;
import io.solaster.pool.resp.RespProtocol;
import org.jspecify.annotations.Nullable;

/**
 * A bean that has a say in pools before they start, for what configuration has no key for. Several are asked in their
 * order. On the thread that starts the application; a configuration is also asked about when it changes.
 */
public interface PoolCustomizer {

    /** Another configuration for a pool, or the same. */
    default PoolConfig config(String pool, PoolConfig config) {
        return config;
    }

    /** What a pool's connections speak, where that is HTTP: limits on headers, packed answers, the Host header. */
    default HttpClientProtocol http(String pool, HttpClientProtocol protocol) {
        return protocol;
    }

    /** What a pool's connections speak, where that is RESP: limits on replies, a listener for pushes. */
    default RespProtocol resp(String pool, RespProtocol protocol) {
        return protocol;
    }

    /** What a pool's connections speak, where that is frames: the length's width, ids. */
    default FramedProtocol framed(String pool, FramedProtocol protocol) {
        return protocol;
    }

    /**
     * What asks a pool's endpoints whether they are well.
     *
     * @param check what the configuration asks for; null for nothing
     */
    default @Nullable HealthCheck healthCheck(String pool, PoolConfig config, @Nullable HealthCheck check) {
        return check;
    }
}
