package io.solaster.spring;

import java.util.function.BiFunction;

import io.solaster.config.server.ServerConfig;
import io.solaster.engine.net.ConnectionHandler;

/**
 * Turns the name of a protocol, as in {@code solaster.servers.kv.protocol: resp}, into what serves its connections. A
 * bean of this type adds a protocol to the application.
 */
public interface ServerProtocol {

    /** The name as it is written in configuration. */
    String name();

    /**
     * What serves the connections of one server. Called before anything is bound, on the thread that starts the
     * application.
     *
     * @param serverName the key below {@code solaster.servers}
     * @param config what stands below that key
     * @throws io.solaster.config.InvalidConfigException if the protocol cannot be spoken as configured
     */
    ConnectionHandler handler(String serverName, ServerConfig config);

    /** A protocol of this name. */
    static ServerProtocol of(String name, BiFunction<String, ServerConfig, ConnectionHandler> handlers) {
        return new ServerProtocol() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public ConnectionHandler handler(String serverName, ServerConfig config) {
                return handlers.apply(serverName, config);
            }

            @Override
            public String toString() {
                return "ServerProtocol[" + name + "]";
            }
        };
    }
}
