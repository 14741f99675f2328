package io.solaster.spring;

import java.util.function.BiFunction;

import io.solaster.config.server.UdpConfig;
import io.solaster.engine.net.udp.DatagramHandler;

/**
 * Turns the name of a protocol, as in {@code solaster.udp.names.protocol: dns}, into what handles its datagrams. A bean of this
 * type adds a protocol to the application.
 */
public interface DatagramProtocol {

    /** The name as it is written in configuration. */
    String name();

    /**
     * What handles the datagrams of one server. Called before anything is bound, on the thread that starts the application.
     *
     * @param serverName the key below {@code solaster.udp}
     * @param config what stands below that key
     * @throws io.solaster.config.InvalidConfigException if the protocol cannot be spoken as configured
     */
    DatagramHandler handler(String serverName, UdpConfig config);

    /** A protocol of this name. */
    static DatagramProtocol of(String name, BiFunction<String, UdpConfig, DatagramHandler> handlers) {
        return new DatagramProtocol() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public DatagramHandler handler(String serverName, UdpConfig config) {
                return handlers.apply(serverName, config);
            }

            @Override
            public String toString() {
                return "DatagramProtocol[" + name + "]";
            }
        };
    }
}
