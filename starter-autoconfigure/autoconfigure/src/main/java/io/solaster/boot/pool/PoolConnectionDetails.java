package io.solaster.boot.pool;

import java.util.List;
import java.util.stream.Stream;

import io.solaster.config.pool.EndpointConfig;
import org.springframework.boot.autoconfigure.service.connection.ConnectionDetails;

/**
 * Where a pool's connections go, told by a bean: of a container, a test, a service binding. It stands before
 * {@code endpoints} and {@code discovery} of {@code solaster.pools.<name>}.
 */
public interface PoolConnectionDetails extends ConnectionDetails {

    /** Which pool it is for: the key below {@code solaster.pools}. */
    String pool();

    /** Its endpoints; asked once, at the start. */
    List<EndpointConfig> endpoints();

    /**
     * Details that are known.
     *
     * @param endpoints each as {@code host:port}
     */
    static PoolConnectionDetails of(String pool, String... endpoints) {
        List<EndpointConfig> all = Stream.of(endpoints).map(EndpointConfig::valueOf).toList();
        return new PoolConnectionDetails() {
            @Override
            public String pool() {
                return pool;
            }

            @Override
            public List<EndpointConfig> endpoints() {
                return all;
            }
        };
    }
}
