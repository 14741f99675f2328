package io.solaster.config.server;

import java.time.Duration;

import io.solaster.config.value.ByteSize;
import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What a WebSocket connection may take, how long it may be silent, and how much may wait for it.
 *
 * @param maxFrame the longest payload of a frame that a client may send
 * @param maxMessage the longest message that a client may send, all of its frames together and decompressed
 * @param pingInterval how long a client may be silent before it is sent a ping; 0 for no pings
 * @param idleTimeout how long a client may be silent, without so much as a pong, before it is disconnected; 0 for ever
 * @param closeTimeout how long a client may take to answer the end of a conversation before it is disconnected
 * @param queue what waits for a client that does not read as fast as it is sent to
 * @param compression whether messages are compressed
 */
@ConfigurationPropertiesSource
public record WebSocketConfig(@DefaultValue("1MB") ByteSize maxFrame, @DefaultValue("1MB") ByteSize maxMessage,
        @DefaultValue("30s") Duration pingInterval, @DefaultValue("90s") Duration idleTimeout,
        @DefaultValue("5s") Duration closeTimeout,
        @NestedConfigurationProperty @DefaultValue WebSocketQueueConfig queue,
        @NestedConfigurationProperty @DefaultValue WebSocketCompressionConfig compression) {

    /** What an empty configuration gives. */
    public static WebSocketConfig defaults() {
        return new WebSocketConfig(new ByteSize(1L << 20), new ByteSize(1L << 20), Duration.ofSeconds(30),
                Duration.ofSeconds(90), Duration.ofSeconds(5), WebSocketQueueConfig.defaults(),
                WebSocketCompressionConfig.defaults());
    }
}
